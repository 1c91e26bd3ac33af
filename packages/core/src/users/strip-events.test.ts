import { expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { must } from '../errors.ts'
import { system } from '../index.ts'
import { many } from '../ports/storage.ts'

it('an event that does not open does not keep the key from being destroyed, nor the others from being told', async () => {
  const { florin, storage, advance } = sandboxedFlorin({ webhooks: false })
  const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
  for (let count = 0; count < 2; count += 1) await florin.payments.create(order, { actor: service })
  const { waiting } = await storage.load({ waiting: many('outbox', { status: 'pending' }) })
  const [first, second] = waiting.filter(({ type }) => type === 'payment.succeeded')
  // Sealed text of another row opens in no other.
  const row = { ...must(first, 'an event'), data: must(second, 'another').data }
  await storage.commit({ id: 'commit_damage', changes: [{ table: 'outbox', row }] })

  await florin.users.erase({ userId: alice.id }, { actor: system })
  await advance(120)
  expect(await florin.maintenance.erase()).toEqual({ erased: 1, left: [] })
  const told: string[] = []
  florin.on('payment.succeeded', ({ id }) => told.push(id))
  await florin.maintenance.dispatch()
  expect(told).toEqual([second?.id])
})
