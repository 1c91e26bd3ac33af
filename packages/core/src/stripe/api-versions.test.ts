import { describe, expect, it } from 'vitest'
import { opened } from '../../test/opened.ts'
import { type SandboxedFlorin, sandboxedFlorin } from '../../test/sandboxed-florin.ts'
import { many } from '../ports/storage.ts'

const versions = [
  '2022-11-15',
  '2023-10-16',
  '2024-06-20',
  '2025-02-24.acacia',
  '2025-08-27.basil',
  '2026-02-25.clover',
  '2026-08-26.dahlia',
  '2026-10-28.endive',
]

const DAY = 24 * 3600

/** A life that Florin had no part in: all that it knows comes from webhooks. */
async function lifeAtStripe({ sandbox, advance }: SandboxedFlorin): Promise<void> {
  const post = async (path: string, params: Readonly<Record<string, string>>) => {
    const headers = { Authorization: 'Bearer sk_test_florin' }
    const body = new URLSearchParams(params)
    const answer = await sandbox.fetch(`https://api.stripe.com/v1${path}`, { method: 'POST', body, headers })
    const object: Record<string, unknown> = await answer.json()
    return String(object.id)
  }
  const customer = await post('/customers', { 'metadata[florin_user]': 'user_1' })
  const pay = (payment_method: string) =>
    post('/payment_intents', {
      ...{ amount: '2000', currency: 'usd', customer, payment_method, confirm: 'true' },
      ...{ return_url: 'https://shop.example/back' },
    })
  const paid = await pay('pm_card_visa')
  await pay('pm_card_chargeDeclined')
  await pay('pm_card_threeDSecure2Required')
  await advance(5)
  await post('/refunds', { payment_intent: paid, amount: '700' })
  const method = await post('/payment_methods/pm_card_visa/attach', { customer })
  await post(`/customers/${customer}`, { 'invoice_settings[default_payment_method]': method })
  const plan = { customer, 'items[0][price]': 'price_1234567890' }
  const subscription = await post('/subscriptions', { ...plan, trial_period_days: '7' })
  await advance(40 * DAY)
  await post(`/subscriptions/${subscription}`, { cancel_at_period_end: 'true' })
  const failing = await post('/payment_methods/pm_card_chargeCustomerFail/attach', { customer })
  await post('/subscriptions', { ...plan, default_payment_method: failing, trial_period_days: '2' })
  await advance(40 * DAY)
}

/** All that is stored of it, without what Florin names by itself. */
async function stored({ storage }: SandboxedFlorin): Promise<unknown> {
  const rows = await opened(storage).load({
    payments: many('transactions', {}),
    customers: many('customers', {}),
    methods: many('payment_methods', {}),
    subscriptions: many('subscriptions', {}),
    invoices: many('invoices', {}),
    refunds: many('refunds', {}),
    disputes: many('disputes', {}),
  })
  // Ids of Florin's differ by chance, and what paid an invoice is told by old versions only.
  const own = ['id', 'version', 'updatedAt', 'dueAt', 'paymentId', 'subscriptionId', 'observed', 'paymentGatewayId']
  const hidden = new Set(own)
  const shown = (row: object) => Object.fromEntries(Object.entries(row).filter(([column]) => !hidden.has(column)))
  return Object.entries(rows).map(([name, found]) => [name, found.map(shown)])
}

async function storedIn(version: string): Promise<unknown> {
  const url = 'http://florin.test/webhooks'
  const endpoint = { url, secret: 'whsec_florin_test', api_version: version }
  const world = sandboxedFlorin({ sandbox: { webhookEndpoints: [endpoint] } })
  await lifeAtStripe(world)
  const failed = world.happenings.filter((one) => one.what === 'webhook_received' && one.outcome === 'failed')
  expect(failed).toEqual([])
  return stored(world)
}

describe('one happening, told in any version of Stripe’s API', () => {
  const today = storedIn('2026-10-28.endive')

  it('is a whole life', async () => {
    const text = JSON.stringify(await today)
    for (const word of ['succeeded', 'failed', 'requires_action', 'canceled', 'paid', 'open', 'attached', 'user_1']) {
      expect(text, word).toContain(word)
    }
  })

  it.each(versions)('leaves the same rows in %s', async (version) => {
    expect(await storedIn(version)).toEqual(await today)
  })

  it('is counted once when two endpoints tell it in two versions', async () => {
    const url = 'http://florin.test/webhooks'
    const webhookEndpoints = ['2022-11-15', '2026-10-28.endive'].map((api_version) => ({
      ...{ url, secret: 'whsec_florin_test', api_version },
    }))
    const world = sandboxedFlorin({ sandbox: { webhookEndpoints } })
    await lifeAtStripe(world)
    expect(await stored(world)).toEqual(await today)
    const { events } = await world.storage.load({ events: many('outbox', {}) })
    const facts = events.map(({ type, objectId, discriminator }) => `${type} ${objectId} ${discriminator}`)
    expect(new Set(facts).size).toBe(facts.length)
  })
})
