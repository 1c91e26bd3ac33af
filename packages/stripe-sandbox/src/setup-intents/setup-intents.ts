import { createdWithin, pageOf } from '../engine/page.ts'
import { createdFilter, pageShape, text, unsupported } from '../engine/params.ts'
import { route, type Slice } from '../engine/slice.ts'
import { checkClientSecret } from '../payment-intents/payment-intent-params.ts'
import { authenticateSetupIntentControl } from './authenticate-setup-intent.ts'
import { cancelSetupIntentRoute } from './cancel-setup-intent.ts'
import { confirmSetupIntentRoute } from './confirm-setup-intent.ts'
import { createSetupIntentRoute } from './create-setup-intent.ts'
import { setupAttempts, setupIntents } from './setup-intent.ts'
import { updateSetupIntentRoute } from './update-setup-intent.ts'

/** SetupIntents: saving a card for later payments. */
export const setupIntentSlice: Slice = {
  name: 'setup_intents',
  collections: [setupIntents, setupAttempts],
  routes: [
    createSetupIntentRoute,
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
    updateSetupIntentRoute,
    confirmSetupIntentRoute,
    cancelSetupIntentRoute,
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
  controls: [authenticateSetupIntentControl],
}
