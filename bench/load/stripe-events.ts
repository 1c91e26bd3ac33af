import { stripeClient } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'

export interface EventOptions {
  /** Goes into every id, so that two measurements never send the same event. */
  readonly round: number
  /** Gives every event of an object the same second, as a burst at Stripe may. */
  readonly sameSecond: boolean
}

const kinds = ['payment_intent.succeeded', 'customer.subscription.updated', 'invoice.paid', 'charge.refunded'] as const

/** How many subscriptions there are: each is told of again and again, as in life. */
const SUBSCRIPTIONS = 997

/** A refund is told of a payment that was told of this many events before. */
const REFUNDED_AFTER = 1000

/**
 * Makes Stripe's events by their number, as text: the four kinds that come most, a quarter each, in the shapes and sizes
 * that the sandbox gives them (Stripe sends JSON with line breaks; 4 KB in the middle).
 */
export async function stripeEvents({ round, sameSecond }: EventOptions): Promise<(index: number) => string> {
  const templates = await eventTemplates()
  const now = Math.floor(Date.now() / 1000)
  return (index) => {
    const kind = index % kinds.length
    const turn = Math.floor(index / kinds.length)
    const object = kind === 1 ? turn % SUBSCRIPTIONS : kind === 3 ? turn - REFUNDED_AFTER / kinds.length : turn
    const values = {
      event: name(round, index),
      object: name(round, kind === 1 ? turn : object),
      customer: name(0, object % 5000),
      subscription: name(0, turn % SUBSCRIPTIONS),
      created: String(sameSecond ? now - 3600 : now - 3600 + Math.floor(index / 64)),
      step: String(index),
    }
    const template = templates[kind]
    if (!template) throw new Error('there are as many templates as kinds')
    return template.map((part, place) => (place % 2 === 0 ? part : values[part as keyof typeof values])).join('')
  }
}

/** The ids of all subscriptions that are told of. */
export const subscriptionIds = (): readonly string[] =>
  Array.from({ length: SUBSCRIPTIONS }, (_, index) => `sub_${name(0, index)}`)

// As long as Stripe's own ids.
const name = (round: number, index: number) =>
  `${round.toString(36).padStart(4, '0')}x${String(index + 1e9).padStart(11, '0')}`

/** The text of an event of each kind, split where the values go: text, name of a value, text, … */
async function eventTemplates(): Promise<readonly (readonly string[])[]> {
  const sandbox = createStripeSandbox()
  const stripe = stripeClient({ secretKey: 'sk_test_florin_sandbox', fetch: sandbox.fetch })
  const customer = await stripe.customers.create()
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  const intent = await stripe.paymentIntents.create({
    ...{ amount: 1999, currency: 'usd', customer: customer.id, payment_method: method.id, confirm: true },
    ...{ automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, metadata: { order: '1234' } },
  })
  await stripe.refunds.create({ payment_intent: intent.id, amount: 500 })
  const subscription = await stripe.subscriptions.create({
    ...{ customer: customer.id, items: [{ price: 'price_1234567890' }], default_payment_method: method.id },
    metadata: { step: '0' },
  })
  await stripe.subscriptions.update(subscription.id, { metadata: { step: '@step@' } })
  const events = sandbox.state.all('event')
  return kinds.map((kind) => {
    const event = events.findLast((one) => 'type' in one && one.type === kind)
    if (!event || !('data' in event)) throw new Error(`the sandbox made no ${kind}`)
    const text = JSON.stringify({ ...event, created: '@created@', pending_webhooks: 1 }, undefined, 2)
      .replace('"@created@"', '@created@')
      .replaceAll(customer.id, 'cus_@customer@')
      .replaceAll(subscription.id, 'sub_@subscription@')
      .replaceAll(/\b(pi|ch|in|pm|il|txn|evt|req|seti|re|si)_(?!sandbox)[A-Za-z0-9]{14,}/g, (id, prefix: string) =>
        prefix === 'evt' || prefix === 'req'
          ? `${prefix}_@event@`
          : prefix === 'pm' || prefix === 'si'
            ? id
            : `${prefix}_@object@`,
      )
    return text.split('@')
  })
}
