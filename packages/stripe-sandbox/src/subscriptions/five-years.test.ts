import Stripe from 'stripe'
import { expect, test } from 'vitest'
import { at } from '../../test/billing-rig.ts'
import { openSandbox } from '../../test/rig.ts'

// Subscribed on 31 January 2027, so every period begins on the last day of a month. Worked out by hand.
const begins = `
  2027-01-31 2027-02-28 2027-03-31 2027-04-30 2027-05-31 2027-06-30
  2027-07-31 2027-08-31 2027-09-30 2027-10-31 2027-11-30 2027-12-31
  2028-01-31 2028-02-29 2028-03-31 2028-04-30 2028-05-31 2028-06-30
  2028-07-31 2028-08-31 2028-09-30 2028-10-31 2028-11-30 2028-12-31
  2029-01-31 2029-02-28 2029-03-31 2029-04-30 2029-05-31 2029-06-30
  2029-07-31 2029-08-31 2029-09-30 2029-10-31 2029-11-30 2029-12-31
  2030-01-31 2030-02-28 2030-03-31 2030-04-30 2030-05-31 2030-06-30
  2030-07-31 2030-08-31 2030-09-30 2030-10-31 2030-11-30 2030-12-31
  2031-01-31 2031-02-28 2031-03-31 2031-04-30 2031-05-31 2031-06-30
  2031-07-31 2031-08-31 2031-09-30 2031-10-31 2031-11-30 2031-12-31
`
  .trim()
  .split(/\s+/)

/** When an invoice was paid and after how many attempts, where that is not an hour after its period began. */
const unusual: Readonly<Record<string, readonly [string | null, number]>> = {
  // The first one is paid at once.
  '2027-01-31': ['2027-01-31T00:00:00Z', 1],
  // The first retry, three days later.
  '2027-06-30': ['2027-07-03T01:00:00Z', 2],
  // The second retry, five days after that: 29 February, 3 March, 8 March.
  '2028-02-29': ['2028-03-08T01:00:00Z', 3],
  // The third retry, seven days after that: 31 October, 3 November, 8 November, 15 November.
  '2029-10-31': ['2029-11-15T01:00:00Z', 4],
  // Nobody helps: 31 December, 3 January, 8 January, 15 January.
  '2031-12-31': [null, 4],
}

const changes = [
  { at: '2027-06-30T02:00:00Z', card: 'good' },
  { at: '2028-03-04', card: 'good' },
  { at: '2029-11-09', card: 'good' },
  { at: '2027-06-15', card: 'bad' },
  { at: '2028-02-15', card: 'bad' },
  { at: '2029-10-15', card: 'bad' },
  { at: '2031-12-15', card: 'bad' },
].sort((a, b) => at(a.at) - at(b.at))

const statuses = [
  ['active', '2027-01-31T00:00:00Z'],
  ['past_due', '2027-06-30T01:00:00Z'],
  ['active', '2027-07-03T01:00:00Z'],
  ['past_due', '2028-02-29T01:00:00Z'],
  ['active', '2028-03-08T01:00:00Z'],
  ['past_due', '2029-10-31T01:00:00Z'],
  ['active', '2029-11-15T01:00:00Z'],
  ['past_due', '2031-12-31T01:00:00Z'],
  ['canceled', '2032-01-15T01:00:00Z'],
]

const iso = (moment: number | null): string | null =>
  moment === null ? null : new Date(moment * 1000).toISOString().replace('.000', '')

test('five years of one monthly subscription, by a table worked out by hand', async () => {
  const began = performance.now()
  const sandbox = openSandbox({ now: at('2027-01-31') })
  const stripe = new Stripe('sk_test_five', {
    httpClient: Stripe.createFetchHttpClient(sandbox.fetch),
    telemetry: false,
    maxNetworkRetries: 0,
  })
  const { id: customer } = await stripe.customers.create()
  const cards = {
    good: (await stripe.paymentMethods.attach('pm_card_visa', { customer })).id,
    bad: (await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer })).id,
  }
  const use = (card: string) =>
    stripe.customers.update(customer, {
      invoice_settings: { default_payment_method: card === 'good' ? cards.good : cards.bad },
    })
  await use('good')
  const { id } = await stripe.subscriptions.create({ customer, items: [{ price: 'price_1234567890' }] })
  for (const change of changes) {
    await sandbox.clock.advanceTo(at(change.at))
    await use(change.card)
  }
  await sandbox.clock.advanceTo(at('2032-02-15'))
  const simulated = performance.now() - began

  const invoices = (await stripe.invoices.list({ subscription: id }).autoPagingToArray({ limit: 1000 })).reverse()
  expect(
    invoices.map(
      ({ lines, status_transitions: { paid_at: paid }, attempt_count: attempts, status, amount_paid: sum }) => [
        iso(lines.data[0]?.period.start ?? 0)?.slice(0, 10),
        iso(paid),
        attempts,
        status,
        sum,
      ],
    ),
  ).toEqual(
    begins.map((begin) => {
      const [paid, attempts] = unusual[begin] ?? [`${begin}T01:00:00Z`, 1]
      return [begin, paid, attempts, paid === null ? 'open' : 'paid', paid === null ? 0 : 2000]
    }),
  )
  const ends = invoices.map(({ lines }) => iso(lines.data[0]?.period.end ?? 0)?.slice(0, 10))
  expect(ends).toEqual([...begins.slice(1), '2032-01-31'])

  const seen = sandbox.state
    .all('event')
    .filter((event) => 'type' in event && String(event.type).startsWith('customer.subscription.'))
    .map((event) => JSON.parse(JSON.stringify(event)))
    .filter(({ type, data }) => type.endsWith('deleted') || 'status' in (data.previous_attributes ?? {}))
    .map(({ data, created }) => [data.object.status, iso(created)])
  expect(seen).toEqual(statuses)

  const charges = await stripe.charges.list({ customer }).autoPagingToArray({ limit: 1000 })
  expect(charges.filter(({ paid }) => paid)).toHaveLength(59)
  expect(charges.filter(({ paid }) => !paid)).toHaveLength(1 + 2 + 3 + 4)
  expect(charges.reduce((sum, charge) => sum + charge.amount_captured, 0)).toBe(59 * 2000)
  console.log(`five years of one subscription took ${Math.round(simulated)} ms`)
})
