import { describe, expect, test } from 'vitest'
import { at, dearer, openBilling } from '../../test/billing-rig.ts'

describe('coupons', () => {
  test.each([
    { duration: 'once', sums: [1500, 2000, 2000, 2000] },
    { duration: 'repeating', duration_in_months: 2, sums: [1500, 1500, 2000, 2000] },
    { duration: 'forever', sums: [1500, 1500, 1500, 1500] },
  ])('25% off $duration', async ({ sums, ...duration }) => {
    const { stripe, sandbox, subscribe, eventsOf } = await openBilling()
    const { id: coupon } = await stripe.coupons.create({ percent_off: 25, ...duration })
    const { id } = await subscribe({ discounts: [{ coupon }], expand: ['discounts'] })
    await sandbox.clock.advanceTo(at('2027-02-02'))
    const { data } = await stripe.invoices.list({ subscription: id })
    expect(data.map(({ total }) => total).reverse()).toEqual(sums)
    expect(data.at(-1)).toMatchObject({
      subtotal: 2000,
      total_discount_amounts: [{ amount: 500 }],
      lines: { data: [{ amount: 2000, discount_amounts: [{ amount: 500 }] }] },
    })
    expect((await stripe.coupons.retrieve(coupon)).times_redeemed).toBe(1)
    expect(eventsOf('customer.discount.created')).toHaveLength(1)
    const { discounts } = await stripe.subscriptions.retrieve(id)
    expect(discounts).toHaveLength(duration.duration === 'forever' ? 1 : 0)
  })

  test('a fixed sum is spread over the lines and never exceeds them', async () => {
    const { stripe, subscribe, latestInvoice } = await openBilling()
    await stripe.coupons.create({ id: 'OFF', amount_off: 1001, currency: 'usd', duration: 'once' })
    const made = await subscribe({
      items: [{ price: 'price_1234567890' }, { price: dearer }],
      discounts: [{ coupon: 'OFF' }],
    })
    const invoice = await latestInvoice(made.id)
    expect(invoice.total).toBe(7000 - 1001)
    expect(invoice.lines.data.map((line) => line.discount_amounts?.[0]?.amount)).toEqual([286, 715])
    await stripe.coupons.create({ id: 'HUGE', amount_off: 90_000, currency: 'usd', duration: 'once' })
    const free = await subscribe({ discounts: [{ coupon: 'HUGE' }] })
    expect(free.status).toBe('active')
    expect(await latestInvoice(free.id)).toMatchObject({ total: 0, status: 'paid' })
  })

  test('prorations carry the discount in their sums', async () => {
    const { stripe, sandbox, subscribe, latestInvoice } = await openBilling()
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'forever' })
    const made = await subscribe({ discounts: [{ coupon: 'HALF' }] })
    await sandbox.clock.advanceTo(at('2026-11-16'))
    await stripe.subscriptions.update(made.id, {
      items: [{ id: made.items.data[0]?.id ?? '', price: dearer }],
      proration_behavior: 'always_invoice',
    })
    const invoice = await latestInvoice(made.id)
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([-500, 1250])
    expect(invoice).toMatchObject({ total: 750, total_discount_amounts: [expect.objectContaining({ amount: 0 })] })
  })

  test('they are added, cleared and deleted', async () => {
    const { stripe, subscribe, eventsOf, sandbox } = await openBilling()
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'forever', max_redemptions: 2 })
    const { id } = await subscribe()
    const added = await stripe.subscriptions.update(id, { discounts: [{ coupon: 'HALF' }], expand: ['discounts'] })
    expect(added.discounts).toMatchObject([{ object: 'discount', subscription: id, source: { coupon: 'HALF' } }])
    expect((await stripe.subscriptions.update(id, { discounts: '' })).discounts).toEqual([])
    await stripe.subscriptions.update(id, { discounts: [{ coupon: 'HALF' }] })
    expect(await stripe.subscriptions.deleteDiscount(id)).toMatchObject({ deleted: true })
    await sandbox.webhooks.settled()
    expect(eventsOf('customer.discount.deleted')).toHaveLength(2)
    await expect(subscribe({ discounts: [{ coupon: 'HALF' }] })).rejects.toMatchObject({
      statusCode: 400,
      param: 'discounts[0][coupon]',
    })
    expect(await stripe.coupons.del('HALF')).toMatchObject({ deleted: true })
    await expect(stripe.coupons.retrieve('HALF')).rejects.toMatchObject({ statusCode: 404 })
  })

  test.each([
    { why: 'neither sum', params: {}, param: 'percent_off' },
    { why: 'both sums', params: { percent_off: 10, amount_off: 100 }, param: 'percent_off' },
    { why: 'more than all', params: { percent_off: 101 }, param: 'percent_off' },
    { why: 'a sum without a currency', params: { amount_off: 100 }, param: 'currency' },
    { why: 'months without repeating', params: { percent_off: 5, duration_in_months: 3 }, param: 'duration_in_months' },
  ])('refuses $why', async ({ params, param }) => {
    const { stripe } = await openBilling()
    await expect(stripe.coupons.create(params)).rejects.toMatchObject({ statusCode: 400, param })
  })
})
