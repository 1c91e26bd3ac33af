import { liveCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import { choice, flag, object, type ParamsOf, unsupported } from '../engine/params.ts'
import { route } from '../engine/slice.ts'
import { invalidParam } from '../engine/stripe-failure.ts'
import { checkUsable } from '../payment-intents/attempt-payment.ts'
import { automaticMethods, checkReturnUrl } from '../payment-intents/payment-intent-params.ts'
import { usablePaymentMethod } from '../payment-methods/payment-method.ts'
import { confirmSetup } from './confirm-setup-intent.ts'
import { openSetupIntent } from './open-setup-intent.ts'
import type { StoredSetupIntent } from './setup-intent.ts'
import { confirmShape, editShape } from './setup-intent-params.ts'

const shape = {
  ...editShape,
  ...confirmShape,
  automatic_payment_methods: object({ enabled: flag(), allow_redirects: choice('always', 'never') }),
  confirm: flag(),
  on_behalf_of: unsupported(),
  single_use: unsupported(),
  usage: choice('off_session', 'on_session'),
}

/** `POST /v1/setup_intents`, with or without confirming it at once. */
export const createSetupIntentRoute = route({
  method: 'POST',
  path: '/v1/setup_intents',
  params: shape,
  handler: createSetupIntent,
})

function createSetupIntent(context: Context, params: ParamsOf<typeof shape>): StoredSetupIntent {
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
