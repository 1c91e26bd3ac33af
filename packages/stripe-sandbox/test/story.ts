import type Stripe from 'stripe'
import type { StripeSandbox } from '../src/index.ts'

const day = 86_400

/** What the story needs of its sandbox. */
export type Stage = Pick<StripeSandbox, 'clock' | 'control' | 'faults' | 'state' | 'webhooks'>

/** What the first part leaves for the second. */
export interface Cast {
  readonly customer: string
  readonly intent: string
  readonly paid: string
  readonly subscription: string
}

/** stripe-node makes up a key where none is given, a new one in each run, and events tell the key of their request. */
const numbered = (name: string) => {
  let count = 0
  return () => {
    count += 1
    return { idempotencyKey: `${name}-${count}` }
  }
}

const card = { automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, confirm: true } as const

/**
 * A sandbox full of life: a trial, a payment, one that waits for 3-D Secure, a decline, a refund, a dispute; webhooks
 * that come twice, late, in another order or never; and faults, one of which still waits at the end.
 */
export async function beginStory(stripe: Stripe, stage: Stage): Promise<Cast> {
  const step = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work
    await stage.webhooks.settled()
    return result
  }
  const key = numbered('begin')
  stage.webhooks.setMode({ duplicate: 0.3, reorder: 3, delay: 600, drop: 0.1 })
  const customer = await step(stripe.customers.create({ email: 'ada@florin.invalid', metadata: { a: 'ü&=[]' } }, key()))
  const visa = await step(stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id }, key()))
  const subscription = await step(
    stripe.subscriptions.create(
      {
        customer: customer.id,
        items: [{ price: 'price_1234567890' }],
        default_payment_method: visa.id,
        trial_period_days: 7,
      },
      key(),
    ),
  )
  const price = { amount: 2000, currency: 'usd', customer: customer.id }
  const pay = (method: string) => stripe.paymentIntents.create({ ...price, ...card, payment_method: method }, key())
  const paid = await step(pay('pm_card_visa'))
  await step(pay('pm_card_createDispute'))
  await step(pay('pm_card_chargeDeclined').catch((error: unknown) => error))
  const intent = await step(pay('pm_card_threeDSecure2Required'))
  await step(stripe.refunds.create({ payment_intent: paid.id, amount: 300 }, { idempotencyKey: 'refund-1' }))
  await stage.clock.advance(5 * day)
  stage.faults.inject({ kind: 'fail_after', path: '/v1/refunds' })
  stage.webhooks.setMode({ hold: true })
  await step(stripe.customers.update(customer.id, { name: 'Ada' }, key()))
  return { customer: customer.id, intent: intent.id, paid: paid.id, subscription: subscription.id }
}

/** How it goes on: the trial becomes a paid month, the next card fails, and what was left open is settled. */
export async function endStory(stripe: Stripe, stage: Stage, cast: Cast): Promise<void> {
  const step = async (work: Promise<unknown>): Promise<void> => {
    await work.catch((error: unknown) => error)
    await stage.webhooks.settled()
  }
  const key = numbered('end')
  await step(stripe.refunds.create({ payment_intent: cast.paid, amount: 300 }, { idempotencyKey: 'refund-1' }))
  await step(stripe.refunds.create({ payment_intent: cast.paid, amount: 200 }, { idempotencyKey: 'refund-2' }))
  await step(stripe.refunds.create({ payment_intent: cast.paid, amount: 200 }, { idempotencyKey: 'refund-2' }))
  await step(stage.control('POST', `/payment_intents/${cast.intent}/authenticate`, { outcome: 'succeed' }))
  await stage.webhooks.flush()
  stage.webhooks.setMode({ hold: false })
  await stage.clock.advance(3 * day)
  const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: cast.customer }, key())
  await step(stripe.subscriptions.update(cast.subscription, { default_payment_method: bad.id }, key()))
  await stage.clock.advance(60 * day)
  await step(stripe.customers.del(cast.customer))
}

/** Everything that happened, as it would be sent, and what became of sending it. */
export const logOf = ({ state, webhooks }: Stage): string =>
  JSON.stringify({ events: state.all('event'), deliveries: webhooks.deliveries() })
