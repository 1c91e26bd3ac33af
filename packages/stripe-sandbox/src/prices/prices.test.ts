import { describe, expect, test } from 'vitest'
import { openRig } from '../../test/rig.ts'

describe('products and prices', () => {
  test('the seeded ones', async () => {
    const { stripe } = await openRig('http')
    expect(await stripe.products.retrieve('prod_florin_demo')).toMatchObject({ name: 'Florin demo', active: true })
    const price = await stripe.prices.retrieve('price_1234567890', { expand: ['product'] })
    expect(price).toMatchObject({
      unit_amount: 2000,
      currency: 'usd',
      type: 'recurring',
      recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
      product: { name: 'Florin demo' },
    })
    expect(String(price.unit_amount_decimal)).toBe('2000')
    const { data } = await stripe.prices.list()
    expect(data.map(({ id, unit_amount }) => [id, unit_amount])).toEqual([
      ['price_1234567890_yearly', 20_000],
      ['price_0987654321', 5000],
      ['price_1234567890', 2000],
    ])
  })

  test('created, changed, listed', async () => {
    const { stripe, sandbox, types } = await openRig('in-process')
    const product = await stripe.products.create({
      name: 'Gold',
      metadata: { a: '1' },
      images: ['https://florin.invalid/a'],
    })
    const price = await stripe.prices.create({
      product: product.id,
      currency: 'EUR',
      unit_amount_decimal: (await import('stripe')).default.Decimal.from('12.5'),
      recurring: { interval: 'week', interval_count: 2 },
      lookup_key: 'gold',
    })
    expect(price).toMatchObject({ currency: 'eur', unit_amount: null, lookup_key: 'gold', nickname: null })
    expect(String(price.unit_amount_decimal)).toBe('12.5')
    expect((await stripe.prices.list({ lookup_keys: ['gold'] })).data.map(({ id }) => id)).toEqual([price.id])
    await expect(
      stripe.prices.create({ product: product.id, currency: 'eur', unit_amount: 1, lookup_key: 'gold' }),
    ).rejects.toMatchObject({ statusCode: 400, param: 'lookup_key' })
    const second = await stripe.prices.create({
      product_data: { name: 'Silver' },
      currency: 'eur',
      unit_amount: 100,
      lookup_key: 'gold',
      transfer_lookup_key: true,
    })
    expect(second).toMatchObject({ type: 'one_time', recurring: null })
    expect(await stripe.prices.retrieve(price.id)).toMatchObject({ lookup_key: null })
    expect(await stripe.prices.update(price.id, { active: false, metadata: { b: '2' } })).toMatchObject({
      active: false,
    })
    expect((await stripe.prices.list({ active: false })).data.map(({ id }) => id)).toEqual([price.id])
    expect((await stripe.prices.list({ type: 'one_time' })).data.map(({ id }) => id)).toEqual([second.id])
    expect(await stripe.products.update(product.id, { description: 'Best', default_price: price.id })).toMatchObject({
      description: 'Best',
      default_price: price.id,
    })
    await expect(stripe.products.del(product.id)).rejects.toMatchObject({ statusCode: 400 })
    const { id: unused } = await stripe.products.create({ name: 'Unused' })
    expect(await stripe.products.del(unused)).toMatchObject({ deleted: true })
    expect((await stripe.products.list({ active: true })).data).toHaveLength(3)
    await sandbox.webhooks.settled()
    expect(types()).toEqual(
      expect.arrayContaining(['product.created', 'price.created', 'plan.created', 'price.updated', 'product.deleted']),
    )
  })

  test.each([
    { why: 'no product', params: { currency: 'usd', unit_amount: 1 }, param: 'product' },
    { why: 'no sum', params: { currency: 'usd', product: 'prod_florin_demo' }, param: 'unit_amount' },
    { why: 'an unknown product', params: { currency: 'usd', unit_amount: 1, product: 'prod_nope' }, param: 'product' },
    {
      why: 'an unknown currency',
      params: { currency: 'xxx', unit_amount: 1, product: 'prod_florin_demo' },
      param: 'currency',
    },
    {
      why: 'metered use, which is not imitated',
      params: {
        currency: 'usd',
        unit_amount: 1,
        product: 'prod_florin_demo',
        recurring: { interval: 'month', usage_type: 'metered' },
      },
      param: 'recurring[usage_type]',
    },
  ])('refuses $why', async ({ params, param }) => {
    const { stripe } = await openRig('in-process')
    await expect(stripe.prices.create(params)).rejects.toMatchObject({ statusCode: 400, param })
  })
})
