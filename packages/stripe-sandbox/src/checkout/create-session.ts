import { liveCustomer } from '../customers/customer.ts'
import type { Context } from '../engine/context.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import type { ParamsOf } from '../engine/params.ts'
import { invalidParam, invalidRequest } from '../engine/stripe-failure.ts'
import { amountOf, makePrice, prices, type StoredPrice } from '../prices/price.ts'
import { recurringOf, unitOf } from '../prices/price-params.ts'
import { makeProduct, products } from '../products/product.ts'
import { openSetupIntent } from '../setup-intents/open-setup-intent.ts'
import {
  checkoutLinks,
  checkoutPlans,
  checkoutSessions,
  expireSessionTask,
  type StoredCheckoutSession,
  type StoredLineItem,
} from './checkout-session.ts'
import type { createSessionShape } from './session-params.ts'

type CreateParams = ParamsOf<typeof createSessionShape>

/** Opens a session: a page on which a customer may pay, subscribe or save a card until it expires. */
export function createSession(context: Context, params: CreateParams): StoredCheckoutSession {
  const { mode, customer: customerId, customer_email: email } = params
  const customer = customerId === undefined ? undefined : liveCustomer(context, customerId, 'customer')
  if (customer !== undefined && email !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: customer, customer_email.', {
      param: 'customer_email',
    })
  }
  if (params.success_url === undefined) {
    throw invalidParam('Missing required param: success_url.', 'success_url', 'parameter_missing')
  }
  const items = lineItems(context, params)
  const expires = expiryOf(context, params.expires_at)
  const id = `cs_test_${context.newCode('cs_test', 58)}`
  const total = items.reduce((sum, item) => sum + item.amount_total, 0)
  const trialing =
    params.subscription_data?.trial_period_days !== undefined || params.subscription_data?.trial_end !== undefined
  const due = trialing
    ? items.reduce((sum, item) => sum + (item.price.recurring === null ? item.amount_total : 0), 0)
    : total
  context.store.put(checkoutPlans, planOf(id, items, params))
  const setup = mode === 'setup' ? openSetup(context, id, params) : null
  const session = context.store.put(checkoutSessions, {
    ...blankSession(id, context.now),
    allowed_payment_method_types: params.allowed_payment_method_types?.slice() ?? null,
    amount_subtotal: mode === 'setup' ? null : due,
    amount_total: mode === 'setup' ? null : due,
    billing_address_collection: params.billing_address_collection ?? null,
    cancel_url: params.cancel_url ?? null,
    client_reference_id: params.client_reference_id ?? null,
    currency: items[0]?.currency ?? params.currency ?? null,
    customer: customer?.id ?? null,
    customer_creation: mode === 'payment' && customer === undefined ? 'if_required' : null,
    customer_details: null,
    customer_email: email ?? null,
    expires_at: expires,
    locale: params.locale ?? null,
    metadata: mergeMetadata({}, params.metadata),
    mode,
    payment_method_collection: mode === 'subscription' ? 'always' : mode === 'payment' ? 'if_required' : 'always',
    payment_status: mode === 'setup' ? 'no_payment_required' : 'unpaid',
    setup_intent: setup,
    submit_type: params.submit_type ?? null,
    success_url: params.success_url,
    total_details: mode === 'setup' ? null : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    url: `https://checkout.stripe.com/c/pay/${id}`,
  })
  context.schedule({ at: expires, kind: expireSessionTask, id })
  return session
}

function lineItems(context: Context, { mode, line_items: sent = [], currency }: CreateParams): StoredLineItem[] {
  if (mode === 'setup') {
    if (sent.length > 0) throw invalidRequest('You cannot pass line_items in setup mode.', { param: 'line_items' })
    if (currency === undefined) {
      throw invalidParam('Missing required param: currency.', 'currency', 'parameter_missing')
    }
    return []
  }
  if (sent.length === 0) throw invalidParam('Missing required param: line_items.', 'line_items', 'parameter_missing')
  const items = sent.map((item, index) => {
    const price = priceOf(context, item, `line_items[${index}]`)
    const quantity = item.quantity ?? 1
    const amount = amountOf(price, quantity)
    return {
      id: context.newId('li'),
      object: 'item',
      adjustable_quantity: null,
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: price.currency,
      description: context.store.find(products, price.product)?.name ?? null,
      metadata: mergeMetadata({}, item.metadata),
      price,
      quantity,
    } as const
  })
  const recurring = items.filter((item) => item.price.recurring !== null).length
  if (mode === 'payment' && recurring > 0) {
    throw invalidRequest(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      { param: 'line_items' },
    )
  }
  if (mode === 'subscription' && recurring === 0) {
    throw invalidRequest('You must provide at least one recurring price in `subscription` mode when using prices.', {
      param: 'line_items',
    })
  }
  return items
}

function priceOf(context: Context, item: NonNullable<CreateParams['line_items']>[number], at: string): StoredPrice {
  const { price, price_data: data } = item
  if (price !== undefined && data === undefined) return context.inParam(prices, price, `${at}[price]`)
  if (data === undefined || price !== undefined) {
    throw invalidRequest(`You must pass either price or price_data in ${at}, and not both.`, { param: `${at}[price]` })
  }
  const { product, product_data: made } = data
  if ((product === undefined) === (made === undefined)) {
    throw invalidRequest('You must pass either product or product_data.', { param: `${at}[price_data][product]` })
  }
  return makePrice(context, {
    product:
      product !== undefined
        ? context.inParam(products, product, `${at}[price_data][product]`).id
        : makeProduct(context, { name: made?.name ?? '', description: made?.description ?? null, active: false }).id,
    currency: data.currency,
    unit_amount_decimal: unitOf(data, `${at}[price_data][unit_amount]`),
    recurring: data.recurring === undefined ? null : recurringOf(data.recurring),
    active: false,
  })
}

const day = 86_400

function expiryOf({ now }: Context, sent: number | undefined): number {
  if (sent === undefined) return now + day
  if (sent >= now + 1800 && sent <= now + day) return sent
  throw invalidRequest(
    `The \`expires_at\` timestamp must be ${sent < now + 1800 ? 'at least 30 minutes' : 'less than 24 hours'} from Checkout Session creation.`,
    { param: 'expires_at' },
  )
}

function planOf(id: string, items: readonly StoredLineItem[], params: CreateParams) {
  const { metadata: paymentMetadata, ...payment } = params.payment_intent_data ?? {}
  const { metadata: subscriptionMetadata, ...subscription } = params.subscription_data ?? {}
  return {
    id,
    items,
    payment: { ...payment, metadata: mergeMetadata({}, paymentMetadata) },
    subscription: { ...subscription, metadata: mergeMetadata({}, subscriptionMetadata) },
  }
}

function openSetup(context: Context, session: string, params: CreateParams): string {
  const { description, metadata } = params.setup_intent_data ?? {}
  const setup = openSetupIntent(context, {
    customer: params.customer ?? null,
    usage: 'off_session',
    description: description ?? null,
    metadata: mergeMetadata({}, metadata),
  })
  context.store.put(checkoutLinks, { id: setup.id, session })
  return setup.id
}

const blankSession = (id: string, now: number) =>
  ({
    id,
    object: 'checkout.session',
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: now,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer_account: null,
    discounts: [],
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    managed_payments: { enabled: false },
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card'],
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    subscription: null,
    ui_mode: 'hosted_page',
    wallet_options: null,
  }) satisfies Partial<StoredCheckoutSession>
