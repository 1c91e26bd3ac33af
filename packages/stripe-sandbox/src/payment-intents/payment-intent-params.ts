import type Stripe from 'stripe'
import { shippingParam, toAddress } from '../engine/address.ts'
import type { Context } from '../engine/context.ts'
import { metadataParam } from '../engine/metadata.ts'
import {
  choice,
  choiceBut,
  clearable,
  either,
  flag,
  integer,
  list,
  object,
  type ParamsOf,
  text,
  unsupported,
} from '../engine/params.ts'
import { invalidParam, invalidRequest } from '../engine/stripe-failure.ts'
import { methodOptions, methodType } from '../payment-methods/method-types.ts'
import type { StoredPaymentIntent } from './payment-intent.ts'

/** What create, update and confirm share. */
export const intentShape = {
  allowed_payment_method_types: list(methodType()),
  capture_method: choice('automatic', 'automatic_async', 'manual'),
  description: clearable(text({ max: 1000 })),
  metadata: metadataParam(),
  payment_method: text(),
  payment_method_options: methodOptions(),
  receipt_email: clearable(text()),
  setup_future_usage: clearable(choice('off_session', 'on_session')),
  shipping: clearable(shippingParam()),
  statement_descriptor: text({ max: 22 }),
  statement_descriptor_suffix: text({ max: 22 }),
  transfer_group: text(),
  amount_details: unsupported(),
  application_fee_amount: unsupported(),
  customer_account: unsupported(),
  excluded_payment_method_types: unsupported(),
  hooks: unsupported(),
  on_behalf_of: unsupported(),
  payment_details: unsupported(),
  payment_method_configuration: unsupported(),
  payment_method_data: unsupported(),
  transfer_data: unsupported(),
}

/** What only makes sense while confirming. */
export const confirmShape = {
  confirmation_token: unsupported(),
  error_on_requires_action: flag(),
  mandate: unsupported(),
  mandate_data: unsupported(),
  off_session: either(flag(), choice('one_off', 'recurring')),
  radar_options: unsupported(),
  return_url: text(),
  use_stripe_sdk: flag(),
}

/** The sums and switches of creating. */
export const createShape = {
  ...intentShape,
  ...confirmShape,
  amount: integer({ min: 1 }),
  currency: text(),
  automatic_payment_methods: object({ enabled: flag(), allow_redirects: choice('always', 'never') }),
  confirm: flag(),
  confirmation_method: choiceBut(['automatic'], ['manual']),
  customer: text(),
}

type CreateParams = ParamsOf<typeof createShape>

/** Refuses what Stripe allows only together with `confirm`. */
export function checkConfirmOnly(params: CreateParams): void {
  if (params.confirm === true) return
  for (const name of ['off_session', 'error_on_requires_action', 'return_url'] as const) {
    const value = params[name]
    if (value !== undefined && value !== false) {
      throw invalidParam(`The parameter '${name}' can only be used when 'confirm' is set to true.`, name)
    }
  }
}

/** Which payment methods an intent accepts by itself: those of the dashboard, unless the types are given. */
export function automaticMethods(
  params: Pick<CreateParams, 'automatic_payment_methods' | 'allowed_payment_method_types'>,
): Stripe.PaymentIntent.AutomaticPaymentMethods | null {
  const { automatic_payment_methods: sent, allowed_payment_method_types: types } = params
  if (sent !== undefined && types !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: automatic_payment_methods, allowed_payment_method_types.',
      { saved: false },
    )
  }
  if (types !== undefined || sent?.enabled === false) return null
  return { allow_redirects: sent?.allow_redirects ?? 'always', enabled: true }
}

/** A server that confirms must say where a redirecting method would lead back to. Browsers have their page. */
export function checkReturnUrl(
  context: Context,
  { automatic, returnUrl }: { automatic: { readonly allow_redirects?: string } | null; returnUrl: string | undefined },
): void {
  if (context.publishable || returnUrl !== undefined) return
  if (automatic === null || automatic.allow_redirects === 'never') return
  throw invalidRequest(
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    { saved: false },
  )
}

/** Who may see an intent with a publishable key: the holder of its client secret. */
export function checkClientSecret(
  context: Context,
  intent: { readonly client_secret: string | null },
  sent: string | undefined,
): void {
  if (sent === undefined && !context.publishable) return
  if (sent === undefined) {
    throw invalidParam('Missing required param: client_secret.', 'client_secret', 'parameter_missing')
  }
  if (sent === intent.client_secret) return
  throw invalidRequest(
    'The client_secret provided does not match any associated PaymentIntent on this account. Ensure the client_secret and publishable key belong to the same account that created the PaymentIntent.',
    { param: 'client_secret' },
  )
}

/** The delivery address as it is answered. */
export function toShipping(sent: CreateParams['shipping']): StoredPaymentIntent['shipping'] {
  if (sent === undefined || sent === null) return null
  const { address, name, phone = null, carrier = null, tracking_number = null } = sent
  return { address: toAddress(address), name, phone, carrier, tracking_number }
}
