import Stripe from 'stripe'
import { expect, test } from 'vitest'
import { openRig, openSandbox, payWith } from '../test/rig.ts'
import { problemsOf } from '../test/stripe-shape.ts'
import { takeProblems } from '../test/validating.ts'
import { customers } from './customers/customer.ts'
import { route } from './engine/slice.ts'
import { slices } from './slices.ts'

const copyOf = (value: object) => JSON.parse(JSON.stringify(value))

/** A payment with its charge inside, and the event about it. */
const paid = async () => {
  const { stripe, sandbox } = await openRig('in-process')
  const intent = await payWith(stripe, 'pm_card_visa', { expand: ['latest_charge'] })
  await stripe.paymentIntents.update(intent.id, { metadata: { order: '7' } })
  await sandbox.webhooks.settled()
  const [event] = (await stripe.events.list({ type: 'payment_intent.succeeded' })).data
  return { intent: copyOf(intent), event: copyOf(event ?? {}) }
}

test('what the sandbox answers fits', async () => {
  const { intent, event } = await paid()
  expect(problemsOf(intent)).toEqual([])
  expect(problemsOf(event)).toEqual([])
  expect(problemsOf({ object: 'list', data: [intent], has_more: false, url: '/v1/payment_intents' })).toEqual([])
})

test.each([
  { why: 'a number as text', change: { amount: '2000' }, says: '/amount must be number' },
  { why: 'a field of another kind', change: { invoice: 'in_1' }, says: 'must NOT have additional properties invoice' },
  { why: 'a missing field', change: { currency: undefined }, says: "must have required property 'currency'" },
  { why: 'null where there is none', change: { status: null }, says: '/status must be' },
  { why: 'a word that is none of its words', change: { status: 'paid' }, says: '"paid" is none of its words' },
  { why: 'an expanded object of another kind', change: { customer: { object: 'price' } }, says: '/customer' },
  { why: 'metadata that is no text', change: { metadata: { a: 1 } }, says: '/metadata/a must be string' },
])('finds $why', async ({ change, says }) => {
  const { intent, event } = await paid()
  expect(problemsOf({ ...intent, ...change }).join()).toContain(says)
  const told = { ...event, data: { object: { ...event.data.object, ...change } } }
  expect(problemsOf(told).join()).toContain(says)
})

test('looks into expanded objects, lists and errors', async () => {
  const { intent } = await paid()
  const broken = { ...intent, latest_charge: { ...intent.latest_charge, amout: 1 } }
  const says = expect.stringContaining('/latest_charge must NOT have additional properties amout')
  expect(problemsOf(broken)).toEqual([says])
  expect(problemsOf({ object: 'list', data: [intent, broken], has_more: false, url: '/' })).toEqual([says])
  expect(problemsOf({ error: { type: 'card_error', message: 'x', payment_intent: broken } })).toEqual([
    expect.stringContaining('amout'),
  ])
  expect(problemsOf({ error: { type: 'strange' } })).toEqual([expect.stringContaining('error: /type')])
  expect(problemsOf({ object: 'list', data: [] })).toEqual(['list: must have exactly data, has_more and url'])
  expect(problemsOf({ object: 'sausage' })).toEqual([expect.stringContaining('no such kind')])
})

test('a decimal is text, a deleted object is told from one that is there', async () => {
  const { stripe } = await openRig('in-process')
  const price = copyOf(await stripe.prices.retrieve('price_1234567890'))
  expect(problemsOf({ ...price, unit_amount_decimal: '12.5' })).toEqual([])
  expect(problemsOf({ ...price, unit_amount_decimal: 12.5 }).join()).toContain('/unit_amount_decimal')
  expect(problemsOf({ ...price, unit_amount_decimal: 'much' }).join()).toContain('/unit_amount_decimal')
  const customer = copyOf(await stripe.customers.create())
  expect(problemsOf({ ...customer, deleted: true }).join()).toContain('additional properties')
  expect(problemsOf({ ...customer, deleted: false }).join()).toContain('/deleted')
  expect(problemsOf({ id: 'cus_1', object: 'customer', deleted: true })).toEqual([])
})

test('previous attributes are laid over the object: what they make of it must have been possible', async () => {
  const { event } = await paid()
  const before = (previous: object) => problemsOf({ ...event, data: { ...event.data, previous_attributes: previous } })
  expect(before({ status: 'requires_confirmation', latest_charge: null, metadata: { order: null } })).toEqual([])
  expect(before({ status: 'unpaid' }).join()).toContain('"unpaid" is none of its words')
  expect(before({ colour: 'red' }).join()).toContain('additional properties colour')
  expect(before({ amount_details: { tip: { amount: 'x' } } }).join()).toContain('/amount_details/tip/amount')
})

test('an event of an unknown type is found, one of an older version is exempt', async () => {
  const { event } = await paid()
  expect(problemsOf({ ...event, type: 'payment_intent.paid' })).toEqual([
    'event payment_intent.paid: stripe-node has no such event',
  ])
  expect(problemsOf({ ...event, api_version: '2024-06-20', data: { object: { object: 'payment_intent' } } })).toEqual(
    [],
  )
})

test.each(['in-process', 'http'] as const)(
  'a wrong field in an answer or event fails its test, %s',
  async (transport) => {
    const wrong = route({
      method: 'POST',
      path: '/v1/wrong',
      params: {},
      handler(context) {
        const [customer] = context.store.all(customers)
        if (customer === undefined) throw new Error('no customer')
        const renamed = { ...customer, name: 5 }
        context.emit('customer.updated', renamed)
        return { ...customer, balance: 'much' }
      },
    })
    const { stripe } = await openRig(transport, { slices: [...slices, { name: 'wrong', routes: [wrong] }] })
    await stripe.customers.create()
    expect(takeProblems()).toEqual([])
    await stripe.rawRequest('POST', '/v1/wrong')
    expect(takeProblems()).toEqual([
      expect.stringMatching(/^customer cus_\w+: \/balance must be number$/),
      expect.stringMatching(/^event customer.updated: \/data\/object\/name must be string,null$/),
    ])
  },
)

test('what a reset would hide is looked at before', async () => {
  const sandbox = openSandbox()
  const httpClient = Stripe.createFetchHttpClient(sandbox.fetch)
  const stripe = new Stripe('sk_test_x', { httpClient, telemetry: false })
  for (const reset of [
    () => sandbox.state.reset(),
    () => sandbox.fetch('http://sandbox/_sandbox/reset', { method: 'POST' }),
    () => sandbox.control('POST', '/reset'),
    () => sandbox.state.restore(openSandbox().state.snapshot()),
  ]) {
    await stripe.customers.create()
    const [event] = sandbox.state.all('event').slice(-1)
    if (event === undefined) throw new Error('no event')
    Object.assign(event, { type: 'customer.invented' })
    await reset()
    expect(takeProblems()).toEqual(['event customer.invented: stripe-node has no such event'])
  }
})
