import { expectTypeOf, test } from 'vitest'
import type {
  FindDrift,
  Florin,
  FlorinOptions,
  ImportAccount,
  KeyRing,
  ReconcileOptions,
  RetryWebhooks,
  RotateKeys,
  VerifyKeys,
  WebhookEndpoint,
  WebhookSenderOptions,
} from './index.ts'
import type { StripeClientOptions, StripeGatewayOptions } from './stripe/index.ts'

/** What a program may leave out, given as `undefined`: as an unset variable gives it. */
type Unset<Options> = {
  [Name in keyof Options as object extends Pick<Options, Name> ? Name : never]: undefined
}
/** Options with all that may be left out given so. */
type With<Options> = Omit<Options, keyof Unset<Options>> & Unset<Options>

test('what may be left out may be undefined', () => {
  expectTypeOf<With<FlorinOptions>>().toExtend<FlorinOptions>()
  expectTypeOf<With<NonNullable<FlorinOptions['settings']>>>().toExtend<NonNullable<FlorinOptions['settings']>>()
  expectTypeOf<With<KeyRing>>().toExtend<KeyRing>()
  expectTypeOf<With<StripeClientOptions>>().toExtend<StripeClientOptions>()
  expectTypeOf<With<StripeGatewayOptions>>().toExtend<StripeGatewayOptions>()
  expectTypeOf<With<WebhookEndpoint>>().toExtend<WebhookEndpoint>()
  expectTypeOf<With<WebhookSenderOptions>>().toExtend<WebhookSenderOptions>()
  expectTypeOf<With<FindDrift>>().toExtend<FindDrift>()
  expectTypeOf<With<ImportAccount>>().toExtend<ImportAccount>()
  expectTypeOf<With<ReconcileOptions>>().toExtend<ReconcileOptions>()
  expectTypeOf<With<RetryWebhooks>>().toExtend<RetryWebhooks>()
  expectTypeOf<With<RotateKeys>>().toExtend<RotateKeys>()
  expectTypeOf<With<VerifyKeys>>().toExtend<VerifyKeys>()
  expectTypeOf<{ limit: undefined }>().toExtend<NonNullable<Parameters<Florin['maintenance']['prune']>[0]>>()
})
