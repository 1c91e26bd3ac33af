import { expect, it } from 'vitest'
import { onItsWay } from '../../test/on-its-way.ts'
import { stripeOf } from '../../test/paused-subscription.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { many } from '../ports/storage.ts'
import { observeSubscription } from '../stripe/subscriptions.ts'

it('a subscription that was called off, was made after all and ended, is told as created once and as canceled once', async () => {
  const one = sandboxedFlorin({ webhooks: false })
  const card = { userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true }
  await one.florin.paymentMethods.attach(card, { actor: alice })
  let land: (() => Promise<unknown>) | undefined
  const slow = sandboxedFlorin({
    ...{ webhooks: false, beside: one },
    gateway: (inner) => ({
      ...inner,
      send(call, options) {
        land = () => inner.send(call, onItsWay(options))
        return new Promise(() => undefined)
      },
    }),
  })
  const plan = { userId: alice.id, priceId: 'price_1234567890' }
  void slow.florin.subscriptions.create(plan, { actor: service, idempotencyKey: 'once' })
  await expect.poll(() => land).toBeDefined()
  for (const seconds of [601, 91]) {
    await one.advance(seconds)
    await one.florin.maintenance.recover()
  }
  await land?.()
  const [made] = (await stripeOf(one).subscriptions.list()).data
  await stripeOf(one).subscriptions.cancel(made?.id ?? '')
  // Nothing tells of its life, only of its end.
  const event = one.sandbox.state
    .all('event')
    .find((row) => 'type' in row && row.type === 'customer.subscription.deleted')
  const body = JSON.stringify(event)
  const secret = 'whsec_florin_test'
  const signature = await stripeOf(one).webhooks.generateTestHeaderStringAsync({ payload: body, secret })
  await one.florin.webhooks.receive(body, signature)
  const { rows } = await one.storage.load({ rows: many('outbox', {}) })
  const told = rows.map(({ type }) => type).filter((type) => type.startsWith('subscription.'))
  expect(told.toSorted()).toEqual(['subscription.canceled', 'subscription.created'])
})

it('the secret of a set-up is read also where there is no invoice yet', () => {
  const object = {
    ...{ id: 'sub_1', object: 'subscription', customer: 'cus_1', status: 'trialing', items: { data: [] } },
    ...{ latest_invoice: null, metadata: {}, created: 1, livemode: false },
    pending_setup_intent: { id: 'seti_1', object: 'setup_intent', client_secret: 'seti_1_secret_x' },
  }
  expect(observeSubscription(object, { stamp: 1 }, { trialWillEnd: false }).clientSecret).toBe('seti_1_secret_x')
})
