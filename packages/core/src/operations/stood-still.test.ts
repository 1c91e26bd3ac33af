import { expect, it } from 'vitest'
import { alice, impatient, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { CallBudget } from '../ports/call-budget.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa', reference: 'order-1' }
const plan = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
const under = (idempotencyKey: string) => ({ actor: service, idempotencyKey })

/** A process that stands still in the first wait that is as long as is said, once armed, until it is let go on. */
function standingStill(isTheWait: (milliseconds: number) => boolean, callBudget?: CallBudget) {
  let isArmed = false
  let arrive = () => undefined as unknown
  let goOn = () => undefined as unknown
  const begun = new Promise<void>((resolve) => {
    arrive = () => resolve()
  })
  const departure = new Promise<void>((resolve) => {
    goOn = () => resolve()
  })
  const wait = (milliseconds: number): Promise<void> => {
    if (!isArmed || !isTheWait(milliseconds)) return impatient(milliseconds)
    isArmed = false
    arrive()
    return departure
  }
  const slow = sandboxedFlorin({ webhooks: false, wait, ...(callBudget && { callBudget }) })
  const other = sandboxedFlorin({ webhooks: false, beside: slow, wait: impatient })
  const arm = () => {
    isArmed = true
  }
  return { slow, other, arm, begun, goOn: () => goOn() }
}

it('who stood still between two sends of a call sends nothing of it any more', async () => {
  const { slow, other, arm, begun, goOn } = standingStill((milliseconds) => milliseconds >= 200)
  await slow.florin.paymentMethods.setUp({ userId: alice.id }, { actor: service })
  const limited = (times: number) =>
    slow.sandbox.faults.inject({ kind: 'rate_limit', method: 'POST', path: '/v1/payment_intents', times })
  limited(1)
  arm()
  const answer = slow.florin.payments.create(order, under('a')).catch((error: unknown) => error)
  await begun
  // Stripe limits recovery too, until it is called off.
  await slow.advance(61)
  limited(4)
  for (const seconds of [0, 540, 90]) {
    await slow.advance(seconds)
    await other.florin.maintenance.recover()
  }
  await expect(other.florin.payments.create(order, under('a'))).rejects.toMatchObject({ kind: 'refused' })
  const { data } = await other.florin.payments.create(order, under('b'))
  expect(data.status).toBe('succeeded')
  goOn()
  expect(await answer).toMatchObject({ kind: expect.stringMatching(/refused|unavailable/) })
  const paid = slow.sandbox.state.all('payment_intent').filter((one) => 'status' in one && one.status === 'succeeded')
  expect(paid).toHaveLength(1)
})

it('nor who stood in the line of the call budget before a later step', async () => {
  const callBudget: CallBudget = {
    take: async ({ endpoint }) => ({ granted: true, waitMs: endpoint === 'subscription.create' ? 300 : 0 }),
    slowDown: async () => undefined,
  }
  const { slow, other, arm, begun, goOn } = standingStill((milliseconds) => milliseconds === 300, callBudget)
  await slow.florin.paymentMethods.setUp({ userId: alice.id }, { actor: service })
  arm()
  const answer = slow.florin.subscriptions.create(plan, under('a')).catch((error: unknown) => error)
  await begun
  await slow.advance(61)
  slow.sandbox.faults.inject({ kind: 'cut_before', path: '/v1/subscriptions', times: 1 })
  for (const seconds of [0, 600, 90]) {
    await slow.advance(seconds)
    await other.florin.maintenance.recover()
  }
  await other.florin.subscriptions.create(plan, under('b'))
  goOn()
  expect(await answer).toMatchObject({ kind: expect.stringMatching(/refused|unavailable/) })
  expect(slow.sandbox.state.all('subscription')).toHaveLength(1)
})
