import { liveCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { control } from '../engine/control-route.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf } from '../engine/page.ts'
import {
  choice,
  clearable,
  createdFilter,
  flag,
  list,
  object,
  type ParamsOf,
  pageShape,
  text,
  unsupported,
} from '../engine/params.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidParam } from '../engine/stripe-failure.ts'
import { checkUsable } from '../payment-intents/attempt-payment.ts'
import { authenticationBody } from '../payment-intents/authenticate-payment-intent.ts'
import { automaticMethods, checkClientSecret, checkReturnUrl } from '../payment-intents/payment-intent-params.ts'
import { methodOptions, methodType } from '../payment-methods/method-types.ts'
import { paymentMethods, usablePaymentMethod } from '../payment-methods/payment-method.ts'
import { authenticationFailed } from '../payment-methods/test-cards.ts'
import { attemptSetup, declineSetup, finishSetup } from './attempt-setup.ts'
import { openSetupIntent } from './open-setup-intent.ts'
import { type StoredSetupIntent, setupAttempts, setupIntents, unexpectedSetupState } from './setup-intent.ts'

const sharedShape = {
  allowed_payment_method_types: list(methodType()),
  payment_method: text(),
  payment_method_options: methodOptions(),
  excluded_payment_method_types: unsupported(),
  payment_method_data: unsupported(),
}

const editShape = {
  ...sharedShape,
  customer: text(),
  description: clearable(text({ max: 1000 })),
  metadata: metadataParam(),
  attach_to_self: unsupported(),
  customer_account: unsupported(),
  flow_directions: unsupported(),
  payment_method_configuration: unsupported(),
}

const confirmShape = {
  confirmation_token: unsupported(),
  mandate_data: unsupported(),
  return_url: text(),
  use_stripe_sdk: flag(),
}

const createShape = {
  ...editShape,
  ...confirmShape,
  automatic_payment_methods: object({ enabled: flag(), allow_redirects: choice('always', 'never') }),
  confirm: flag(),
  on_behalf_of: unsupported(),
  single_use: unsupported(),
  usage: choice('off_session', 'on_session'),
}

function createSetupIntent(context: Context, params: ParamsOf<typeof createShape>): StoredSetupIntent {
  const { confirm = false, return_url: returnUrl } = params
  if (!confirm && returnUrl !== undefined) {
    throw invalidParam("The parameter 'return_url' can only be used when 'confirm' is set to true.", 'return_url')
  }
  const automatic = automaticMethods(params)
  if (confirm) checkReturnUrl(context, { automatic, returnUrl })
  const customer = params.customer === undefined ? null : liveCustomer(context, params.customer, 'customer').id
  const method =
    params.payment_method === undefined ? null : usablePaymentMethod(context, params.payment_method, 'payment_method')
  if (method !== null) checkUsable(context, { customer, payment_method: null }, method)
  const intent = openSetupIntent(context, {
    ...definedOnly({
      allowed_payment_method_types: params.allowed_payment_method_types,
      description: params.description,
      usage: params.usage,
    }),
    automatic_payment_methods: automatic,
    customer,
    metadata: mergeMetadata({}, params.metadata),
    payment_method: method?.id ?? null,
  })
  return confirm ? confirmSetup(context, intent, method?.id ?? null, returnUrl) : intent
}

function confirmSetup(
  context: Context,
  intent: StoredSetupIntent,
  method: string | null,
  returnUrl: string | undefined,
): StoredSetupIntent {
  if (method === null) {
    throw unexpectedSetupState(
      "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.",
      intent,
    )
  }
  const attempt = attemptSetup(context, intent.id, { payment_method: method, return_url: returnUrl ?? null })
  if (attempt.outcome === 'declined') throw attempt.error
  return attempt.intent
}

function requireStatus(
  intent: StoredSetupIntent,
  verb: 'confirmed' | 'updated' | 'canceled',
  statuses: readonly string[],
): void {
  if (statuses.includes(intent.status)) return
  throw unexpectedSetupState(
    `This SetupIntent could not be ${verb} because it has a status of ${intent.status}. Only a SetupIntent with one of the following statuses may be ${verb}: ${statuses.join(', ')}.`,
    intent,
  )
}

const open = ['requires_payment_method', 'requires_confirmation', 'requires_action']

/** SetupIntents: saving a card for later payments. */
export const setupIntentSlice: Slice = {
  name: 'setup_intents',
  collections: [setupIntents, setupAttempts],
  routes: [
    route({ method: 'POST', path: '/v1/setup_intents', params: createShape, handler: createSetupIntent }),
    route({
      method: 'GET',
      path: '/v1/setup_intents/:id',
      publishable: true,
      params: { client_secret: text() },
      handler(context, { client_secret: secret }, id) {
        const intent = context.inPath(setupIntents, id, 'intent')
        checkClientSecret(context, intent, secret)
        return intent
      },
    }),
    route({
      method: 'POST',
      path: '/v1/setup_intents/:id',
      params: editShape,
      handler(context, params, id) {
        const intent = context.inPath(setupIntents, id, 'intent')
        const customer =
          params.customer === undefined ? intent.customer : liveCustomer(context, params.customer, 'customer').id
        if (params.customer !== undefined || params.payment_method !== undefined) requireStatus(intent, 'updated', open)
        const method =
          params.payment_method === undefined
            ? undefined
            : usablePaymentMethod(context, params.payment_method, 'payment_method')
        if (method !== undefined) checkUsable(context, { customer, payment_method: intent.payment_method }, method)
        return context.store.update(setupIntents, id, {
          ...definedOnly({ description: params.description }),
          ...(method === undefined
            ? {}
            : { payment_method: method.id, status: 'requires_confirmation', next_action: null }),
          customer,
          metadata: mergeMetadata(intent.metadata ?? {}, params.metadata),
        })
      },
    }),
    route({
      method: 'POST',
      path: '/v1/setup_intents/:id/confirm',
      publishable: true,
      params: { ...sharedShape, ...confirmShape, client_secret: text() },
      handler(context, params, id) {
        const intent = context.inPath(setupIntents, id, 'intent')
        checkClientSecret(context, intent, params.client_secret)
        requireStatus(intent, 'confirmed', open)
        const automatic = params.allowed_payment_method_types === undefined ? intent.automatic_payment_methods : null
        checkReturnUrl(context, { automatic, returnUrl: params.return_url })
        const method =
          params.payment_method === undefined
            ? intent.payment_method
            : usablePaymentMethod(context, params.payment_method, 'payment_method').id
        return confirmSetup(context, intent, method, params.return_url)
      },
    }),
    route({
      method: 'POST',
      path: '/v1/setup_intents/:id/cancel',
      params: { cancellation_reason: choice('abandoned', 'duplicate', 'requested_by_customer') },
      handler(context, { cancellation_reason: reason = null }, id) {
        requireStatus(context.inPath(setupIntents, id, 'intent'), 'canceled', open)
        const canceled = context.store.update(setupIntents, id, {
          cancellation_reason: reason,
          next_action: null,
          status: 'canceled',
        })
        context.emit('setup_intent.canceled', canceled)
        return canceled
      },
    }),
    route({
      method: 'GET',
      path: '/v1/setup_intents',
      params: {
        ...pageShape,
        created: createdFilter(),
        customer: text(),
        payment_method: text(),
        attach_to_self: unsupported(),
        customer_account: unsupported(),
      },
      handler: (context, params) =>
        pageOf(context, setupIntents, {
          params,
          url: '/v1/setup_intents',
          keep: (intent) =>
            createdWithin(params.created, intent.created) &&
            (params.customer === undefined || intent.customer === params.customer) &&
            (params.payment_method === undefined || intent.payment_method === params.payment_method),
        }),
    }),
  ],
  controls: [
    control({
      method: 'POST',
      path: '/setup_intents/:id/authenticate',
      summary: "The customer's part of 3-D Secure.",
      body: authenticationBody,
      handler(context, { outcome }, id) {
        const intent = context.inPath(setupIntents, id, 'intent')
        const method =
          intent.payment_method === null ? undefined : context.store.find(paymentMethods, intent.payment_method)
        if (intent.status !== 'requires_action' || method === undefined) {
          throw unexpectedSetupState(
            `This SetupIntent has a status of ${intent.status}: there is nothing to authenticate.`,
            intent,
          )
        }
        const attempt =
          outcome === 'succeed'
            ? finishSetup(context, intent, method, { authenticated: true })
            : declineSetup(context, intent, method, {
                ...authenticationFailed,
                code: 'setup_intent_authentication_failure',
              })
        return attempt.intent
      },
    }),
  ],
}
