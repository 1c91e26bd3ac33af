import { expect, it } from 'vitest'
import { replicaOf } from '../../test/replica.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { UnavailableError } from '../errors.ts'

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

/** Payments that wait for a card, and may be read again an hour later. */
async function openPayments(count: number, isRefused: (place: number) => boolean) {
  const ids: string[] = []
  const read: number[] = []
  const one = sandboxedFlorin({
    webhooks: false,
    gateway: (inner) => ({
      ...inner,
      async read(ref) {
        const place = ids.indexOf(ref.gatewayId)
        read.push(place)
        if (isRefused(place))
          throw new UnavailableError('gateway_unavailable', 'a key without this right', 'not_applied')
        return inner.read(ref)
      },
    }),
  })
  for (let made = 0; made < count; made += 1) {
    const { data } = await one.florin.payments.create(
      { userId: alice.id, amount: 1000, currency: 'USD' },
      { actor: service },
    )
    ids.push(data.stripePaymentIntentId ?? '')
    await one.advance(1)
  }
  await one.advance(3600)
  return { ...one, read }
}

it('rows that Stripe refuses to tell of go to the end of the line, so that the others have their turn', async () => {
  const { florin, read, advance } = await openPayments(6, (place) => place < 4)
  await expect(florin.maintenance.refresh()).rejects.toMatchObject({ code: 'gateway_unavailable' })
  expect(read.splice(0)).toEqual([0, 1, 2])
  await expect(florin.maintenance.refresh()).rejects.toMatchObject({ code: 'gateway_unavailable' })
  expect(read.splice(0)).toEqual([3, 4, 5])
  await advance(60)
  await expect(florin.maintenance.refresh()).rejects.toMatchObject({ code: 'gateway_unavailable' })
  expect(read).toEqual([0, 1, 2])
})

it('a key without the right to read one kind keeps no other kind from being read', async () => {
  const { florin, sandbox, read, advance } = await openPayments(30, (place) => place >= 0)
  const plan = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
  const { data: subscription } = await florin.subscriptions.create(plan, { actor: service })
  await advance(3600)
  const cancel = { method: 'DELETE', headers: { Authorization: 'Bearer sk_test_florin' } }
  await sandbox.fetch(`https://api.stripe.com/v1/subscriptions/${subscription.stripeSubscriptionId}`, cancel)
  read.length = 0
  await expect(florin.maintenance.refresh()).rejects.toMatchObject({ code: 'gateway_unavailable' })
  expect(read.filter((place) => place >= 0)).toHaveLength(3)
  expect(await florin.subscriptions.get(subscription.id, service)).toMatchObject({ status: 'canceled' })
})

it('a Stripe that answers nothing is asked a few times, not for every row', async () => {
  const { florin, read } = await openPayments(30, () => true)
  await florin.maintenance.refresh().catch(() => undefined)
  expect(read).toHaveLength(3)
})

it('several processes that read rows again at once read each row once', async () => {
  const one = await openPayments(6, () => false)
  const processes = [one.florin, replicaOf(one), replicaOf(one)]
  const done = await Promise.all(processes.map(({ maintenance }) => maintenance.refresh()))
  expect(one.read.toSorted()).toEqual([0, 1, 2, 3, 4, 5])
  expect(done.reduce((sum, { read }) => sum + read, 0)).toBe(6)
})
