import { expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

it('a row that cannot be read does not keep the refresher from the others, and its failure is told', async () => {
  const poison = new TypeError('an object of an unknown shape')
  let broken = ''
  const read: string[] = []
  const { florin, sandbox } = sandboxedFlorin({
    webhooks: false,
    gateway: (inner) => ({
      ...inner,
      read: (ref) => {
        read.push(ref.gatewayId)
        return ref.gatewayId === broken ? Promise.reject(poison) : inner.read(ref)
      },
    }),
  })
  const order = { userId: alice.id, amount: 1000, currency: 'USD' }
  const [first, second] = [
    (await florin.payments.create(order, { actor: service })).data,
    (await florin.payments.create(order, { actor: service })).data,
  ]
  broken = first.stripePaymentIntentId ?? ''
  const cancel = { method: 'POST', headers: { Authorization: 'Bearer sk_test_florin' } }
  await sandbox.fetch(`https://api.stripe.com/v1/payment_intents/${second.stripePaymentIntentId}/cancel`, cancel)
  await sandbox.clock.advance(3600)
  await expect(florin.maintenance.refresh()).rejects.toBe(poison)
  expect(read).toEqual([broken, second.stripePaymentIntentId])
  expect(await florin.payments.get(second.id, service)).toMatchObject({ status: 'canceled' })
})
