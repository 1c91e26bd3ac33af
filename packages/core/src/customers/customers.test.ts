import { describe, expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { many } from '../ports/storage.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

describe('a user’s customer', () => {
  it('is asked for anew after the first asking never reached Stripe', async () => {
    let dead = true
    const one = sandboxedFlorin({
      gateway: (inner) => ({
        ...inner,
        send: (call, key) => (dead ? Promise.reject(new Error('killed')) : inner.send(call, key)),
      }),
    })
    await expect(one.florin.payments.create(order, { actor: service })).rejects.toMatchObject({ outcome: 'unknown' })
    dead = false
    // Recovery comes too late to send it again, looks, and finds nothing.
    await one.advance(25 * 3600)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    const { data } = await one.florin.payments.create(order, { actor: service })
    expect(data.status).toBe('succeeded')
    expect(one.sandbox.state.all('customer')).toHaveLength(1)
  })

  it('that was deleted at Stripe is replaced at the next need, once', async () => {
    const one = sandboxedFlorin()
    await one.florin.payments.create(order, { actor: service })
    const { before } = await one.storage.load({ before: many('customers', { userId: alice.id }) })
    const headers = { Authorization: 'Bearer sk_test_florin' }
    await one.sandbox.fetch(`https://api.stripe.com/v1/customers/${before[0]?.id}`, { method: 'DELETE', headers })
    await one.sandbox.webhooks.settled()
    const pay = () => one.florin.payments.create(order, { actor: service })
    const paid = await Promise.all([pay(), pay(), pay()])
    expect(paid.map(({ data }) => data.status)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    const { after } = await one.storage.load({ after: many('customers', { userId: alice.id }) })
    expect(after.map(({ deleted, isPrimary }) => ({ deleted, isPrimary }))).toEqual([
      { deleted: true, isPrimary: false },
      { deleted: false, isPrimary: true },
    ])
  })
})
