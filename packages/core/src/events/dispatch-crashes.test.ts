import { expect, it } from 'vitest'
import { replicaOf } from '../../test/replica.ts'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { type Storage, type StoredTables, UnavailableError } from '../index.ts'
import { many } from '../ports/storage.ts'

const ten = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

type Moment = 'before' | 'after'

/** A storage that dies at its n-th call, before or after the call has had its effect, and stays dead. */
function dyingAt(point: number, moment: Moment) {
  let calls = 0
  const dies = async <T>(call: () => Promise<T>): Promise<T> => {
    calls += 1
    const died = new UnavailableError('storage_unavailable', 'the process died here', 'unknown')
    if (calls > point || (calls === point && moment === 'before')) throw died
    const answer = await call()
    if (calls === point) throw died
    return answer
  }
  const over = (inner: Storage<StoredTables>): Storage<StoredTables> => ({
    load: (query) => dies(() => inner.load(query)),
    commit: (commit) => dies(() => inner.commit(commit)),
  })
  return { over, wasReached: () => calls >= point }
}

/** One dispatcher dies at a point; another one goes on, at once and after the lease. */
async function crashAt(point: number, moment: Moment) {
  const one = sandboxedFlorin({ webhooks: false })
  for (let index = 0; index < 3; index += 1) await one.florin.payments.create(ten, { actor: service })
  const ids = (await one.storage.load({ rows: many('outbox', {}) })).rows.map(({ id }) => id)
  const dying = dyingAt(point, moment)
  const heard: string[] = []
  const replicas = [replicaOf(one, { storage: dying.over }), replicaOf(one)]
  for (const replica of replicas) replica.on('*', ({ id }) => heard.push(id))
  const [first, second] = replicas
  await first?.maintenance.dispatch().catch(() => undefined)
  await second?.maintenance.dispatch()
  const beforeLease = heard.length
  await one.advance(60)
  await second?.maintenance.dispatch()
  const { rows } = await one.storage.load({ rows: many('outbox', { status: 'delivered' }) })
  return { ids, heard, beforeLease, delivered: rows.length, wasReached: dying.wasReached() }
}

it('tells every event at least once wherever a dispatcher dies, and twice only where it had told it', async () => {
  let points = 0
  for (const moment of ['before', 'after'] as const) {
    for (let point = 1; ; point += 1) {
      const { ids, heard, beforeLease, delivered, wasReached } = await crashAt(point, moment)
      if (!wasReached) break
      points += 1
      const where = `${moment} call ${point}`
      expect(new Set(heard), where).toEqual(new Set(ids))
      expect(delivered, where).toBe(ids.length)
      // While the lease lasts, nobody tells an event again.
      expect(new Set(heard.slice(0, beforeLease)).size, where).toBe(beforeLease)
      expect(heard.length, where).toBeLessThanOrEqual(2 * ids.length)
    }
  }
  console.log(`outbox: a dispatcher died at ${points} of ${points} points; every event was told`)
  // A load, another one for the key of what was found, and for each of three events a claim and an outcome, before and after.
  expect(points).toBe(16)
})
