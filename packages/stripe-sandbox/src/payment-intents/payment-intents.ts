import { createdWithin, pageOf } from '../engine/page.ts'
import { choice, createdFilter, pageShape, text, unsupported } from '../engine/params.ts'
import { route, type Slice } from '../engine/slice.ts'
import { authenticatePaymentIntentControl } from './authenticate-payment-intent.ts'
import { cancelPaymentIntent } from './cancel-payment-intent.ts'
import { capturePaymentIntentRoute } from './capture-payment-intent.ts'
import { confirmPaymentIntentRoute } from './confirm-payment-intent.ts'
import { createPaymentIntentRoute } from './create-payment-intent.ts'
import { expireTask, paymentIntents } from './payment-intent.ts'
import { checkClientSecret } from './payment-intent-params.ts'
import { updatePaymentIntentRoute } from './update-payment-intent.ts'

/** PaymentIntents. */
export const paymentIntentSlice: Slice = {
  name: 'payment_intents',
  collections: [paymentIntents],
  routes: [
    createPaymentIntentRoute,
    route({
      method: 'GET',
      path: '/v1/payment_intents/:id',
      publishable: true,
      params: { client_secret: text() },
      handler(context, { client_secret: secret }, id) {
        const intent = context.inPath(paymentIntents, id, 'intent')
        checkClientSecret(context, intent, secret)
        return intent
      },
    }),
    updatePaymentIntentRoute,
    confirmPaymentIntentRoute,
    capturePaymentIntentRoute,
    route({
      method: 'POST',
      path: '/v1/payment_intents/:id/cancel',
      params: { cancellation_reason: choice('duplicate', 'fraudulent', 'requested_by_customer', 'abandoned') },
      handler: (context, { cancellation_reason: reason = null }, id) => cancelPaymentIntent(context, id, reason),
    }),
    route({
      method: 'GET',
      path: '/v1/payment_intents',
      params: { ...pageShape, created: createdFilter(), customer: text(), customer_account: unsupported() },
      handler: (context, params) =>
        pageOf(context, paymentIntents, {
          params,
          url: '/v1/payment_intents',
          keep: (intent) =>
            createdWithin(params.created, intent.created) &&
            (params.customer === undefined || intent.customer === params.customer),
        }),
    }),
  ],
  controls: [authenticatePaymentIntentControl],
  tasks: {
    [expireTask](context, { id }) {
      if (context.store.find(paymentIntents, id)?.status === 'requires_capture')
        cancelPaymentIntent(context, id, 'expired')
    },
  },
}
