import { describe, expect, test } from 'vitest'
import { at, dearer, monthly, openBilling } from '../../test/billing-rig.ts'
import { createContext } from '../engine/context.ts'
import { previousFor } from '../engine/older-previous-attributes.ts'
import { createRegistry } from '../engine/registry.ts'
import { createState } from '../engine/state.ts'
import { slices } from '../slices.ts'

const versions = {
  '2020-08-27': { basil: false, charges: true },
  '2022-11-15': { basil: false, charges: false },
  '2023-10-16': { basil: false, charges: false },
  '2024-06-20': { basil: false, charges: false },
  '2025-02-24.acacia': { basil: false, charges: false },
  '2025-03-31.basil': { basil: true, charges: false },
  '2025-09-30.clover': { basil: true, charges: false },
  '2026-03-25.dahlia': { basil: true, charges: false },
  '2026-09-30.endive': { basil: true, charges: false },
} as const

type Version = keyof typeof versions

const cases = Object.entries(versions).map(([version, has]) => ({ version, ...has }))

/** What the API answers to a request pinned to a version. */
const openPinned = async (version: string) => {
  const rig = await openBilling()
  const read = async (path: string): Promise<Record<string, unknown>> => {
    const headers = { authorization: 'Bearer sk_test_rig', 'stripe-version': version }
    const response = await rig.raw(`/v1/${path}`, { headers })
    expect(response.status, path).toBe(200)
    return response.json()
  }
  return { ...rig, read }
}

describe.each(cases)('as of $version', ({ version, basil, charges }) => {
  const endive = version === '2026-09-30.endive'

  test('subscriptions', async () => {
    const { stripe, subscribe, read } = await openPinned(version)
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'forever' })
    const { id } = await subscribe({ discounts: [{ coupon: 'HALF' }] })
    const found = await read(`subscriptions/${id}`)
    expect(found).toMatchObject({ id, status: 'active', items: { data: [{ price: { id: monthly } }] } })
    expect('current_period_end' in found).toBe(!basil)
    expect('discount' in found).toBe(!basil)
    expect('billing_schedules' in found).toBe(endive)
    expect('billing_mode' in found).toBe(version > '2025-06-30')
    expect('cancellation_details' in found).toBe(version !== '2020-08-27')
    const item = JSON.stringify(found.items)
    expect(item.includes('current_period_end')).toBe(basil)
    if (!basil) {
      expect(found).toMatchObject({
        current_period_start: at('2026-11-01'),
        current_period_end: at('2026-12-01'),
        discount: { object: 'discount', coupon: { id: 'HALF', percent_off: 50 } },
        plan: { id: monthly, aggregate_usage: null },
        quantity: 1,
      })
      expect(found.discount).not.toHaveProperty('source')
    }
  })

  test('invoices and their lines', async () => {
    const { subscribe, read } = await openPinned(version)
    const { id: subscription, latest_invoice: id } = await subscribe()
    const expand = basil ? '' : '?expand[]=payment_intent&expand[]=subscription'
    const found = await read(`invoices/${id}${expand}`)
    for (const old of ['subscription', 'payment_intent', 'charge', 'paid', 'tax', 'discount', 'quote']) {
      expect(old in found, old).toBe(!basil)
    }
    for (const young of ['parent', 'total_taxes', 'amount_overpaid']) expect(young in found, young).toBe(basil)
    if (basil) return
    expect(found).toMatchObject({
      paid: true,
      paid_out_of_band: false,
      charge: expect.stringMatching(/^ch_/),
      payment_intent: { object: 'payment_intent', invoice: id },
      subscription: { id: subscription, current_period_end: at('2026-12-01') },
      subscription_details: { metadata: {} },
      lines: {
        data: [
          {
            type: 'subscription',
            subscription,
            subscription_item: expect.stringMatching(/^si_/),
            price: { id: monthly, object: 'price' },
            plan: { id: monthly, object: 'plan' },
            proration: false,
            amount: 2000,
          },
        ],
      },
    })
    const lines = JSON.stringify(found.lines)
    for (const young of ['"pricing"', '"parent"']) expect(lines.includes(young)).toBe(false)
  })

  test('payments', async () => {
    const { subscribe, read, latestInvoice } = await openPinned(version)
    const invoice = await latestInvoice((await subscribe()).id)
    const intent = String(invoice.payments?.data[0]?.payment.payment_intent)
    const found = await read(`payment_intents/${intent}`)
    expect(found.invoice).toBe(basil ? undefined : invoice.id)
    expect('charges' in found).toBe(charges)
    expect('latest_charge' in found).toBe(!charges)
    expect('allowed_payment_method_types' in found).toBe(endive)
    const [charge] = JSON.parse(JSON.stringify(await read('charges'))).data
    expect(charge.invoice).toBe(basil ? undefined : invoice.id)
    expect('refunds' in charge).toBe(charges)
    if (charges) expect(found).toMatchObject({ charges: { data: [{ id: charge.id, refunds: { data: [] } }] } })
  })

  test('invoice items', async () => {
    const { stripe, subscribe, sandbox, read } = await openPinned(version)
    const made = await subscribe()
    await sandbox.clock.advanceTo(at('2026-11-16'))
    await stripe.subscriptions.update(made.id, { items: [{ id: made.items.data[0]?.id ?? '', price: dearer }] })
    const [newest] = JSON.parse(JSON.stringify(await read('invoiceitems'))).data
    expect('price' in newest).toBe(!basil)
    expect('pricing' in newest).toBe(basil)
    if (!basil) expect(newest).toMatchObject({ subscription: made.id, price: { id: dearer }, unit_amount: 5000 })
  })
})

describe('events for old endpoints', () => {
  const pinned = async (version: Version) => {
    const rig = await openBilling('pm_card_visa', {
      webhookEndpoints: [
        { url: 'http://127.0.0.1:9/hooks', secret: 'whsec_test' },
        { url: 'http://127.0.0.1:9/old', secret: 'whsec_test', api_version: version },
      ],
    })
    const old = (type: string) =>
      rig.received.filter((event) => event.api_version === version && event.type === type).map(({ data }) => data)
    return { ...rig, old }
  }

  test('have the old shape, and never change it', async () => {
    const { sandbox, stripe, subscribe, old, received } = await pinned('2024-06-20')
    const { id } = await subscribe()
    await sandbox.webhooks.settled()
    const [paid] = old('invoice.paid')
    expect(paid?.object).toMatchObject({ paid: true, subscription: id, payment_intent: expect.stringMatching(/^pi_/) })
    expect(old('charge.succeeded')[0]?.object).toMatchObject({ invoice: expect.stringMatching(/^in_/) })
    expect(received.filter(({ type }) => type === 'invoice.paid')).toHaveLength(2)
    const event = received.find(({ type, api_version: version }) => type === 'invoice.paid' && version === '2024-06-20')
    const again = await stripe.events.retrieve(event?.id ?? '')
    expect(again.data.object).toMatchObject({ subscription: id })
  })

  test('what changed has the old names too', async () => {
    const { sandbox, subscribe, received } = await pinned('2024-06-20')
    await subscribe()
    await sandbox.clock.advanceTo(at('2026-12-02'))
    const today = (type: string) => {
      const { data } =
        received.filter((event) => event.api_version !== '2024-06-20' && event.type === type).at(-1) ?? {}
      if (data === undefined) throw new Error(`no ${type}`)
      return { object: { ...data.object }, previous: { ...data.previous_attributes } }
    }
    const engine = {
      state: createState({ seed: 'florin', now: 0 }, sandbox.state.snapshot()),
      registry: createRegistry(slices),
    }
    const context = createContext(engine, { apiVersion: '2024-06-20' })
    expect(previousFor(context, today('customer.subscription.updated'), '2024-06-20')).toEqual({
      current_period_end: at('2026-12-01'),
      current_period_start: at('2026-11-01'),
      latest_invoice: expect.stringMatching(/^in_/),
    })
    expect(previousFor(context, today('invoice.updated'), '2024-06-20')).toMatchObject({ paid: false, status: 'open' })
  })

  test('of basil keep the items', async () => {
    const { sandbox, subscribe, old } = await pinned('2025-03-31.basil')
    await subscribe()
    await sandbox.clock.advanceTo(at('2026-12-02'))
    expect(old('customer.subscription.updated').at(-1)?.previous_attributes).toMatchObject({
      items: { data: [{ current_period_end: at('2026-12-01') }] },
    })
  })
})
