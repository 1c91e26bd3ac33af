import { expect, it } from 'vitest'
import type { Fact } from '../events/domain-event.ts'
import { type RowSet, rowsOf } from '../observations/row-set.ts'
import { observeInvoice } from '../stripe/invoices.ts'
import type { Wire } from '../stripe/wire.ts'
import { timestamp } from '../time.ts'
import { foldInvoice } from './observe-invoice.ts'

const invoice = (changes: Wire): Wire => ({
  ...{ id: 'in_1', object: 'invoice', customer: 'cus_1', currency: 'usd', created: 100, livemode: false },
  ...{ amount_due: 1000, amount_paid: 0, amount_remaining: 1000, period_start: 100, period_end: 100 },
  lines: { data: [] },
  ...changes,
})

const observing = {
  ...{ now: timestamp(1_000_000), newId: () => 'invoice_1', installation: 'florin', sweepAfterMs: 1000 },
  installedAt: 0,
}

/** What is told of one invoice, seen so often, in this order. */
function told(sights: readonly { object: Wire; stamp: number; paymentFailed: boolean }[]): readonly string[] {
  let rows: RowSet = {}
  const facts: Fact[] = []
  for (const { object, stamp, paymentFailed } of sights) {
    const folded = foldInvoice(rows, observeInvoice(object, { stamp }, { deleted: false, paymentFailed }), observing)
    rows = folded.rows
    facts.push(...folded.facts)
  }
  expect(rowsOf(rows, 'invoices')).toMatchObject([{ status: 'paid', attemptCount: 3 }])
  return [...new Set(facts.map(({ type, discriminator }) => `${type} ${discriminator}`))].toSorted()
}

const life = [
  { object: invoice({ status: 'open', attempt_count: 1 }), stamp: 101, paymentFailed: true },
  { object: invoice({ status: 'open', attempt_count: 2 }), stamp: 102, paymentFailed: true },
  {
    ...{ object: invoice({ status: 'paid', attempt_count: 3, amount_paid: 1000, amount_remaining: 0 }), stamp: 103 },
    paymentFailed: false,
  },
]

it('every attempt that failed is told, in whatever order it is heard of', () => {
  const all = ['invoice.paid paid', 'invoice.payment_failed 101', 'invoice.payment_failed 102']
  const [first, second, third] = life
  if (!first || !second || !third) throw new Error('a life has three events')
  for (const order of [life, life.toReversed(), [second, third, first], [third, first, second], [...life, ...life]]) {
    expect(told(order)).toEqual(all)
  }
})

it('an attempt that is counted while a bank makes up its mind is told once it has failed, and not before', () => {
  const [failed, , paid] = life
  if (!failed || !paid) throw new Error('a life has three events')
  const waiting = { ...failed, stamp: 100, paymentFailed: false }
  expect(told([waiting, paid])).toEqual(['invoice.paid paid'])
  const all = ['invoice.paid paid', 'invoice.payment_failed 101']
  for (const order of [
    [waiting, failed, paid],
    [failed, waiting, paid],
    [paid, failed, waiting],
  ])
    expect(told(order)).toEqual(all)
})

it('an invoice whose subscription got a new key of metadata is read, and so is one whose past makes no sense', () => {
  const object = invoice({
    status: 'paid',
    parent: { subscription_details: { metadata: { a: '1' }, subscription: 'sub_1' } },
  })
  const before = { parent: { subscription_details: { metadata: { a: null } } } }
  expect(observeInvoice(object, { stamp: 101, previous: before })).toMatchObject({
    invoice: { facts: { status: 'paid' }, before: { status: 'paid' } },
  })
  const { invoice: seen } = observeInvoice(object, { stamp: 101, previous: { amount_due: 'much' } })
  expect(seen.facts.status).toBe('paid')
  expect(seen).not.toHaveProperty('before')
})

it('is paid by the payment that is paid, of several', () => {
  const payment = (id: string, status: string) => ({ status, payment: { payment_intent: id } })
  const data = [payment('pi_dead', 'canceled'), payment('pi_open', 'open'), payment('pi_paid', 'paid')]
  const paying = (payments: readonly Wire[]) =>
    observeInvoice(invoice({ status: 'open', payments: { data: payments } }), { stamp: 1 }).payment?.facts
      .paymentGatewayId
  expect([paying(data), paying(data.slice(0, 2)), paying(data.slice(0, 1))]).toEqual(['pi_paid', 'pi_open', undefined])
})

it('says where it has more lines than it shows', () => {
  const more = invoice({ status: 'open', lines: { data: [], has_more: true } })
  expect(observeInvoice(more, { stamp: 1 }).invoice.facts.hasMoreLines).toBe(true)
})
