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

  it('that was deleted while no webhook came is replaced after the refusal that tells so', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const { florin, sandbox, storage, counts } = one
    const caller = { actor: service }
    await florin.paymentMethods.attach({ userId: alice.id, paymentMethod: 'pm_card_visa' }, caller)
    const { before } = await storage.load({ before: many('customers', { userId: alice.id }) })
    const headers = { Authorization: 'Bearer sk_test_florin' }
    await sandbox.fetch(`https://api.stripe.com/v1/customers/${before[0]?.id}`, { method: 'DELETE', headers })
    counts.reset()
    const refused = { kind: 'refused', code: 'gateway_refused' }
    await expect(florin.payments.create(order, caller)).rejects.toMatchObject(refused)
    expect(counts.calls).toBe(2)
    expect((await florin.payments.create(order, caller)).data.status).toBe('succeeded')
    const { after } = await storage.load({ after: many('customers', { userId: alice.id }) })
    expect(after.map(({ deleted, isPrimary }) => ({ deleted, isPrimary }))).toEqual([
      { deleted: true, isPrimary: false },
      { deleted: false, isPrimary: true },
    ])
    // Its card went with it.
    await florin.maintenance.refresh()
    expect((await florin.paymentMethods.list({ userId: alice.id }, alice)).data).toEqual([])
  })

  it('that only another account’s key does not know is kept', async () => {
    const one = sandboxedFlorin({
      gateway: (inner) => ({
        ...inner,
        send: async (call, key) =>
          call.call === 'payment.create'
            ? {
                ...{ outcome: 'rejected', objectId: null, observations: [], replayed: false },
                rejection: { code: 'resource_missing', param: 'customer', message: 'No such customer' },
              }
            : inner.send(call, key),
        read: async (ref) => (ref.object === 'customer' ? undefined : inner.read(ref)),
      }),
    })
    await expect(one.florin.payments.create(order, { actor: service })).rejects.toMatchObject({ kind: 'refused' })
    const { customers } = await one.storage.load({ customers: many('customers', { userId: alice.id }) })
    expect(customers).toMatchObject([{ isPrimary: true, deleted: false }])
  })
})
