import { expect, it } from 'vitest'
import { testCipher } from '../../test/opened.ts'
import { sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { idMaker } from '../ids.ts'
import { memoryStorage } from '../memory/index.ts'
import { many, one, type Storage, write } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { systemRuntime } from '../runtime.ts'
import { sealedStorage } from '../sealed-storage.ts'
import { aPaymentRow, newId } from '../testing/rows.ts'
import { DATA_KEY_MEMORY_MS, keyStore } from './key-store.ts'

/** A database, and an empty standby to fail over to, which lacks what was committed. */
function primaryAndStandby() {
  let primary = memoryStorage()
  const storage: Storage<StoredTables> = {
    load: (query) => primary.load(query),
    commit: (commit) => primary.commit(commit),
  }
  const failOver = () => {
    primary = memoryStorage()
  }
  return { storage, failOver }
}

const attach = { userId: 'user_1', paymentMethod: 'pm_card_visa' }
const order = { ...attach, amount: 1000, currency: 'USD', description: 'a book' }

it('seals nothing under a key that a failover lost: whoever comes next reads it, and the caller’s key finds it', async () => {
  const database = primaryAndStandby()
  const world = sandboxedFlorin({ storage: () => database.storage })
  await world.florin.paymentMethods.attach(attach, { actor: service })
  const { before } = await database.storage.load({ before: many('data_keys', {}) })
  // The server still knows both keys, the user's and the day's.
  database.failOver()

  const { data } = await world.florin.payments.create(order, { actor: service, idempotencyKey: 'order-1' })
  expect(data.status).toBe('succeeded')
  const { keys } = await database.storage.load({ keys: many('data_keys', {}) })
  expect(keys.map(({ subject }) => subject)).toContain('user:user_1')
  expect(keys.map(({ id }) => id)).not.toContain(before.find(({ subject }) => subject === 'user:user_1')?.id)

  const other = sandboxedFlorin({ beside: world, storage: () => database.storage })
  expect((await other.florin.payments.get(data.id, service)).description).toBe('a book')
  const again = await other.florin.payments.create(order, { actor: service, idempotencyKey: 'order-1' })
  expect(again).toMatchObject({ replayed: true, data: { id: data.id } })
  expect(world.sandbox.state.all('payment_intent')).toHaveLength(1)
  expect((await other.florin.keys.verify({ full: true })).broken).toEqual([])
})

it('goes by what a failover left of a key, a minute later', async () => {
  const { storage } = primaryAndStandby()
  let now = 1_800_000_000_000
  const runtime = { ...systemRuntime, now: () => now }
  const keys = keyStore(storage, testCipher, { runtime, newId: idMaker(systemRuntime) })
  const sealed = sealedStorage(storage, keys, runtime)
  const pay = () => {
    const payment = aPaymentRow({ description: 'a secret' })
    return sealed.commit({ id: newId('commit'), changes: [write('transactions', payment)] })
  }
  await pay()
  const { key } = await storage.load({ key: one('data_keys', { subject: 'user:user_1', isCurrent: true }) })
  if (!key) throw new Error('the payment made it')
  // An erasure closed it, and that was lost.
  await keys.learn([{ ...key, version: 2, closedAt: key.createdAt }], now)
  expect(await keys.isErased('user_1')).toBe(true)
  now += DATA_KEY_MEMORY_MS
  expect(await keys.isErased('user_1')).toBe(false)
  expect(await pay()).toBe('committed')
  expect((await storage.load({ keys: many('data_keys', {}) })).keys).toHaveLength(1)
})
