import { expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

it('a payment that may still change is read again after the time that is set, then at doubling distances', async () => {
  const { florin, advance } = sandboxedFlorin({ settings: { sweepAfterMs: 60_000 } })
  const order = { userId: alice.id, amount: 1000, currency: 'USD', returnUrl: 'https://shop.example/back' }
  await florin.payments.create({ ...order, paymentMethod: 'pm_card_threeDSecure2Required' }, { actor: service })
  const readAt: number[] = []
  for (let seconds = 10; seconds <= 600; seconds += 10) {
    await advance(10)
    if ((await florin.maintenance.refresh()).read > 0) readAt.push(seconds)
  }
  expect(readAt).toEqual([60, 120, 240, 480])
})
