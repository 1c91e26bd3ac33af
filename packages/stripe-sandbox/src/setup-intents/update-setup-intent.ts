import { liveCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import type { ParamsOf } from '../engine/params.ts'
import { route } from '../engine/slice.ts'
import { checkUsable } from '../payment-intents/attempt-payment.ts'
import { usablePaymentMethod } from '../payment-methods/payment-method.ts'
import { type StoredSetupIntent, setupIntents } from './setup-intent.ts'
import { editShape, requireOpen } from './setup-intent-params.ts'

/** `POST /v1/setup_intents/:id`. Stripe sends no event for it. */
export const updateSetupIntentRoute = route({
  method: 'POST',
  path: '/v1/setup_intents/:id',
  params: editShape,
  handler: updateSetupIntent,
})

function updateSetupIntent(context: Context, params: ParamsOf<typeof editShape>, id: string): StoredSetupIntent {
  const intent = context.inPath(setupIntents, id, 'intent')
  const customer =
    params.customer === undefined ? intent.customer : liveCustomer(context, params.customer, 'customer').id
  if (params.customer !== undefined || params.payment_method !== undefined) requireOpen(intent, 'updated')
  const method =
    params.payment_method === undefined
      ? undefined
      : usablePaymentMethod(context, params.payment_method, 'payment_method')
  if (method !== undefined) checkUsable(context, { customer, payment_method: intent.payment_method }, method)
  return context.store.update(setupIntents, id, {
    ...definedOnly({ description: params.description }),
    ...(method === undefined ? {} : { payment_method: method.id, status: 'requires_confirmation', next_action: null }),
    customer,
    metadata: mergeMetadata(intent.metadata ?? {}, params.metadata),
  })
}
