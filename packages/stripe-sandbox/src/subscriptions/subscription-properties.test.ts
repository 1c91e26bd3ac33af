import fc from 'fast-check'
import Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { day, dearer, monthly, yearly } from '../../test/billing-rig.ts'
import { openSandbox } from '../../test/rig.ts'
import type { StripeSandbox } from '../create-sandbox.ts'

const open = (): { sandbox: StripeSandbox; stripe: Stripe } => {
  const sandbox = openSandbox()
  const httpClient = Stripe.createFetchHttpClient(sandbox.fetch)
  return { sandbox, stripe: new Stripe('sk_test_props', { httpClient, telemetry: false, maxNetworkRetries: 0 }) }
}

const behaviors = fc.constantFrom('create_prorations', 'always_invoice', 'none')

/** What may happen to a subscriber, in any order. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      days: fc.integer({ min: 1, max: 45 }),
      seconds: fc.integer({ min: 0, max: day }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('price' as const),
      price: fc.constantFrom(monthly, dearer, yearly),
      behavior: behaviors,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('quantity' as const),
      quantity: fc.integer({ min: 0, max: 9 }),
      behavior: behaviors,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('card' as const), good: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('coupon' as const),
      percent: fc.option(fc.integer({ min: 1, max: 99 })),
      amount: fc.integer({ min: 1, max: 9000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('item' as const), amount: fc.integer({ min: -3000, max: 3000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('refund' as const),
      share: fc.double({ min: 0.01, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('void' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trial' as const), days: fc.integer({ min: 1, max: 40 }) }) },
)

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** A refusal is a fair answer to a random request; a fault of the sandbox is not. */
async function tried<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError && error.statusCode !== undefined && error.statusCode < 500)
      return undefined
    throw error
  }
}

async function live(steps: readonly Step[]) {
  const { sandbox, stripe } = open()
  const { id: customer } = await stripe.customers.create()
  const cards = [
    (await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer })).id,
    (await stripe.paymentMethods.attach('pm_card_visa', { customer })).id,
  ]
  const use = (good: boolean) =>
    stripe.customers.update(customer, { invoice_settings: { default_payment_method: cards[good ? 1 : 0] ?? '' } })
  await use(true)
  const { id } = await stripe.subscriptions.create({ customer, items: [{ price: monthly }] })
  for (const next of steps) {
    const { items, status } = await stripe.subscriptions.retrieve(id)
    if (status === 'canceled') break
    const item = items.data[0]?.id ?? ''
    if (next.kind === 'wait') await sandbox.clock.advance(next.days * day + next.seconds)
    else if (next.kind === 'card') await use(next.good)
    else if (next.kind === 'price') {
      await tried(
        stripe.subscriptions.update(id, {
          items: [{ id: item, price: next.price }],
          proration_behavior: next.behavior,
        }),
      )
    } else if (next.kind === 'quantity') {
      await tried(
        stripe.subscriptions.update(id, {
          items: [{ id: item, quantity: next.quantity }],
          proration_behavior: next.behavior,
        }),
      )
    } else if (next.kind === 'coupon') {
      const { id: coupon } = await stripe.coupons.create(
        next.percent === null
          ? { amount_off: next.amount, currency: 'usd', duration: 'once' }
          : { percent_off: next.percent, duration: 'forever' },
      )
      await tried(stripe.subscriptions.update(id, { discounts: [{ coupon }] }))
    } else if (next.kind === 'item') {
      await tried(stripe.invoiceItems.create({ customer, amount: next.amount, currency: 'usd' }))
    } else if (next.kind === 'trial') {
      await tried(stripe.subscriptions.update(id, { trial_end: sandbox.clock.now() + next.days * day }))
    } else if (next.kind === 'void') {
      const { data } = await stripe.invoices.list({ customer, status: 'open' })
      if (data[0] !== undefined) await tried(stripe.invoices.voidInvoice(data[0].id))
    } else {
      const charge = (await stripe.charges.list({ customer })).data.find((row) => row.paid && !row.refunded)
      const left = charge === undefined ? 0 : charge.amount - charge.amount_refunded
      if (charge !== undefined) {
        await tried(stripe.refunds.create({ charge: charge.id, amount: Math.max(1, Math.floor(left * next.share)) }))
      }
    }
  }
  await sandbox.clock.advance(day)
  return { sandbox, stripe, customer, id }
}

const all = { limit: 1000 } as const

// Generous, since the machine may be busy with the other suites.
describe('whatever happens to a subscriber', { timeout: 60_000 }, () => {
  test('invoices are the sum of their lines, and money goes nowhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const { sandbox, stripe, customer } = await live(steps)
        const invoices = await stripe.invoices.list({ customer }).autoPagingToArray(all)
        let balance = 0
        let collected = 0
        for (const invoice of invoices) {
          const lines = await stripe.invoices.listLineItems(invoice.id).autoPagingToArray(all)
          const off = lines.flatMap((line) => line.discount_amounts ?? []).reduce((sum, { amount }) => sum + amount, 0)
          const gross = lines.reduce((sum, { amount }) => sum + amount, 0)
          expect(invoice.subtotal).toBe(gross)
          expect(invoice.total).toBe(gross - off)
          expect((invoice.total_discount_amounts ?? []).reduce((sum, { amount }) => sum + amount, 0)).toBe(off)
          for (const { amount, discount_amounts: shares } of lines) {
            const share = (shares ?? []).reduce((sum, each) => sum + each.amount, 0)
            expect(share === 0 || (share > 0 && share <= amount)).toBe(true)
          }
          expect(invoice.amount_remaining).toBe(invoice.amount_due - invoice.amount_paid)
          if (invoice.status === 'paid') expect(invoice.amount_paid).toBe(invoice.amount_due)
          if (invoice.status === 'draft') continue
          const { total, starting_balance: starting, ending_balance: ending, amount_due: due } = invoice
          expect(due - total).toBe(starting - (ending ?? 0))
          expect(due === 0 || due >= 50).toBe(true)
          // What an invoice does not charge, the customer's balance bears; a void one bears nothing.
          if (invoice.status !== 'void') balance += total - due
          collected += invoice.amount_paid
        }
        const owner = await stripe.customers.retrieve(customer)
        if (owner.deleted === true) throw new Error('the customer is gone')
        expect(owner.balance).toBe(balance)

        const charges = (await stripe.charges.list({ customer }).autoPagingToArray(all)).filter(({ paid }) => paid)
        const charged = charges.reduce((sum, { amount }) => sum + amount, 0)
        const refunds = (await stripe.refunds.list().autoPagingToArray(all)).filter(
          ({ status }) => status === 'succeeded',
        )
        const refunded = refunds.reduce((sum, { amount }) => sum + amount, 0)
        expect(charged).toBe(collected)
        expect(charges.reduce((sum, charge) => sum + charge.amount_refunded, 0)).toBe(refunded)
        const booked = sandbox.state.all('balance_transaction').map((row) => ('amount' in row ? Number(row.amount) : 0))
        expect(booked.reduce((sum, amount) => sum + amount, 0)).toBe(charged - refunded)
        const payments = await stripe.invoicePayments.list({ status: 'paid' }).autoPagingToArray(all)
        expect(payments.reduce((sum, payment) => sum + (payment.amount_paid ?? 0), 0)).toBe(charged)
      }),
      { numRuns: 60 },
    )
  })

  test('periods neither overlap nor leave gaps', async () => {
    const calm = fc.array(
      step.filter(({ kind }) => kind !== 'trial'),
      { minLength: 4, maxLength: 14 },
    )
    await fc.assert(
      fc.asyncProperty(calm, async (steps) => {
        // Only changes that keep the cycle: within it every period begins where the one before ends.
        const kept = steps.map((next) =>
          next.kind === 'price' && next.price === yearly ? ({ ...next, price: dearer } as const) : next,
        )
        const unbroken = kept.map((next) =>
          next.kind === 'quantity' ? { ...next, quantity: next.quantity + 1 } : next,
        )
        const { stripe, id } = await live(unbroken)
        const invoices = (await stripe.invoices.list({ subscription: id }).autoPagingToArray(all)).reverse()
        // An invoice itself shows no more than ten lines.
        const pages = invoices.map((invoice) => stripe.invoices.listLineItems(invoice.id).autoPagingToArray(all))
        const lines = (await Promise.all(pages)).flat()
        const regular = lines.filter(({ parent }) => parent?.subscription_item_details?.invoice_item === null)
        for (const [index, line] of regular.entries()) {
          const next = regular[index + 1]
          if (next !== undefined) expect(next.period.start).toBe(line.period.end)
          expect(line.period.end).toBeGreaterThan(line.period.start)
        }
        const { items, status } = await stripe.subscriptions.retrieve(id)
        const last = regular.at(-1)?.period
        if (status !== 'canceled') expect(items.data[0]?.current_period_end).toBe(last?.end)
      }),
      { numRuns: 40 },
    )
  })

  test('the same calls in a new sandbox give the same state', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const [first, second] = [await live(steps), await live(steps)]
        const things = ({ sandbox }: typeof first) =>
          ['subscription', 'invoice', 'charge', 'invoiceitem', 'customer'].map((kind) => sandbox.state.all(kind))
        expect(things(first)).toEqual(things(second))
      }),
      { numRuns: 10 },
    )
  })
})
