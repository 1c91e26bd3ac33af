import { choice } from '../engine/params.ts'
import { route } from '../engine/slice.ts'
import { setupIntents } from './setup-intent.ts'
import { requireOpen } from './setup-intent-params.ts'

/** `POST /v1/setup_intents/:id/cancel`. */
export const cancelSetupIntentRoute = route({
  method: 'POST',
  path: '/v1/setup_intents/:id/cancel',
  params: { cancellation_reason: choice('abandoned', 'duplicate', 'requested_by_customer') },
  handler(context, { cancellation_reason: reason = null }, id) {
    requireOpen(context.inPath(setupIntents, id, 'intent'), 'canceled')
    const canceled = context.store.update(setupIntents, id, {
      cancellation_reason: reason,
      next_action: null,
      status: 'canceled',
    })
    context.emit('setup_intent.canceled', canceled)
    return canceled
  },
})
