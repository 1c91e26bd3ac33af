import type Stripe from 'stripe'
import { liveCustomer } from '../customers/customer.ts'
import { defineCollection, definePrivateCollection, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { choiceBut, object, type ParamsOf, required, text, unsupported } from '../engine/params.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidParam, invalidRequest, resourceMissing } from '../engine/stripe-failure.ts'
import { subscriptions } from '../subscriptions/subscription.ts'

/** A session of the customer portal. It is answered once and cannot be asked for again. */
const portalSessions = defineCollection<Stored<Stripe.BillingPortal.Session>>('billing_portal.session')

/** The one configuration that the account has: the default one. */
const portalConfiguration = definePrivateCollection<{ readonly id: string }>('billing_portal_configuration')

const ofSubscription = () => object({ subscription: required(text()), retention: unsupported() })

const createShape = {
  after_expiration: unsupported(),
  configuration: text(),
  customer: required(text()),
  customer_account: unsupported(),
  flow_data: object({
    after_completion: unsupported(),
    subscription_cancel: ofSubscription(),
    subscription_pause: unsupported(),
    subscription_update: ofSubscription(),
    subscription_update_confirm: unsupported(),
    type: required(
      choiceBut(
        ['payment_method_update', 'subscription_cancel', 'subscription_update'],
        ['customer_update', 'subscription_pause', 'subscription_update_confirm'],
      ),
    ),
  }),
  locale: text(),
  on_behalf_of: unsupported(),
  return_url: text(),
}

function createPortalSession(context: Context, params: ParamsOf<typeof createShape>) {
  const customer = liveCustomer(context, params.customer, 'customer')
  const [configuration] = context.store.all(portalConfiguration)
  if (configuration === undefined) throw new Error('the sandbox was restored from a snapshot without a portal')
  if (params.configuration !== undefined && params.configuration !== configuration.id) {
    throw resourceMissing('configuration', params.configuration, { param: 'configuration' })
  }
  const session = context.store.put(portalSessions, {
    id: context.newId('bps'),
    object: 'billing_portal.session',
    configuration: configuration.id,
    created: context.now,
    customer: customer.id,
    customer_account: null,
    flow: params.flow_data === undefined ? null : flowOf(context, customer.id, params.flow_data),
    livemode: false,
    locale: params.locale ?? null,
    on_behalf_of: null,
    return_url: params.return_url ?? null,
    url: `https://billing.stripe.com/p/session/test_${context.newCode('portal_url', 60)}`,
  })
  context.emit('billing_portal.session.created', session)
  return session
}

/** A page that does one thing only, which must fit the customer. */
function flowOf(
  context: Context,
  customer: string,
  { type, ...sent }: NonNullable<ParamsOf<typeof createShape>['flow_data']>,
): Stripe.BillingPortal.Session.Flow {
  const ownSubscription = (name: 'subscription_cancel' | 'subscription_update') => {
    if (type !== name) return null
    const id = sent[name]?.subscription
    const param = `flow_data[${name}][subscription]`
    if (id === undefined) throw invalidParam(`Missing required param: ${param}.`, param, 'parameter_missing')
    if (context.inParam(subscriptions, id, param).customer === customer) return { subscription: id }
    throw invalidRequest('The subscription does not belong to the customer.', { param })
  }
  const cancel = ownSubscription('subscription_cancel')
  return {
    after_completion: { hosted_confirmation: null, redirect: null, type: 'portal_homepage' },
    customer_update: null,
    subscription_cancel: cancel && { ...cancel, retention: null },
    subscription_pause: null,
    subscription_update: ownSubscription('subscription_update'),
    subscription_update_confirm: null,
    type,
  }
}

/** Links to Stripe's own pages for customers. */
export const billingPortalSlice: Slice = {
  name: 'billing-portal',
  collections: [portalSessions],
  routes: [
    route({
      method: 'POST',
      path: '/v1/billing_portal/sessions',
      params: createShape,
      handler: createPortalSession,
    }),
  ],
  seed(context) {
    context.store.put(portalConfiguration, { id: context.newId('bpc') })
  },
}
