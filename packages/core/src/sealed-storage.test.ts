import { describe, expect, it } from 'vitest'
import { aProcess, descriptionOf, pay, ring, type Store } from '../test/sealed-process.ts'
import { keyIdOf } from './cipher/envelope.ts'
import { webCipher } from './cipher/web-cipher.ts'
import { memoryStorage } from './memory/index.ts'
import { many, one, write } from './ports/storage.ts'
import { aPaymentRow, aWebhookEventRow, newId } from './testing/rows.ts'

/** The keys that are stored, and those that stored values name. */
async function keysIn(store: Store) {
  const { payments, keys } = await store.load({ payments: many('transactions', {}), keys: many('data_keys', {}) })
  const named = payments.flatMap(({ description }) => (description === null ? [] : [keyIdOf(description)]))
  return { stored: new Set(keys.map(({ id }) => id)), named: new Set(named), rows: keys }
}

it('seals and opens with a cipher that takes its time', async () => {
  const store = memoryStorage()
  const { storage } = aProcess(store, { cipher: await webCipher(ring) })
  const payment = aPaymentRow({ description: 'a secret' })
  const event = aWebhookEventRow({ payload: '{"a":"body"}' })
  const changes = [write('transactions', payment), write('webhook_events', event)]
  expect(await storage.commit({ id: newId('commit'), changes })).toBe('committed')
  const query = { payment: one('transactions', { id: payment.id }), event: one('webhook_events', { id: event.id }) }
  const stored = await store.load(query)
  expect(stored.payment?.description).toMatch(/^v1\./)
  expect(stored.event?.payload).toBeInstanceOf(Uint8Array)
  const opened = await aProcess(store).storage.load(query)
  expect([opened.payment?.description, opened.event?.payload]).toEqual(['a secret', '{"a":"body"}'])
  const again = await storage.load(query)
  expect([again.payment?.description, again.event?.payload]).toEqual(['a secret', '{"a":"body"}'])
})

describe('the keys of a user’s rows', () => {
  it('are made in the commit that needs them, without a round trip more once the user was looked for', async () => {
    const one = aProcess(memoryStorage())
    const userId = 'user_new'
    await one.storage.load({ customers: many('customers', { userId }) })
    await pay(one.storage, aPaymentRow({ userId, description: 'first' }))
    expect(one.take()).toEqual({ loads: 1, commits: 1 })
    await pay(one.storage, aPaymentRow({ userId, description: 'second' }))
    await one.storage.load({ payments: many('transactions', { userId }) })
    expect(one.take()).toEqual({ loads: 1, commits: 1 })
  })

  it('cost another process one round trip more, once', async () => {
    const store = memoryStorage()
    const payment = aPaymentRow({ description: 'a secret' })
    await pay(aProcess(store).storage, payment)
    const other = aProcess(store)
    expect(await descriptionOf(other, payment.id)).toBe('a secret')
    expect(other.take()).toEqual({ loads: 2, commits: 0 })
    expect(await descriptionOf(other, payment.id)).toBe('a secret')
    expect(other.take()).toEqual({ loads: 1, commits: 0 })
  })

  it('come with the rows where the query names the user', async () => {
    const store = memoryStorage()
    await pay(aProcess(store).storage, aPaymentRow({ userId: 'user_2', description: 'a secret' }))
    const other = aProcess(store)
    const { found } = await other.storage.load({ found: many('transactions', { userId: 'user_2' }) })
    expect(found.map(({ description }) => description)).toEqual(['a secret'])
    expect(other.take()).toEqual({ loads: 1, commits: 0 })
  })

  it('are one, whichever of two processes makes it first; the other takes it and stores its row all the same', async () => {
    const store = memoryStorage()
    const first = aProcess(store)
    const [mine, theirs] = [aPaymentRow({ description: 'mine' }), aPaymentRow({ description: 'theirs' })]
    let raced = false
    const second = aProcess({
      ...store,
      async commit(commit) {
        // The first process commits after the second one has sealed under a key of its own, and before it can store it.
        if (!raced) expect(await pay(first.storage, mine)).toBe('committed')
        raced = true
        return store.commit(commit)
      },
    })
    expect(await pay(second.storage, theirs)).toBe('committed')
    expect(second.take()).toEqual({ loads: 2, commits: 2 })
    const { stored, named } = await keysIn(store)
    expect([stored.size, named]).toEqual([1, stored])
    const third = aProcess(store)
    expect(await Promise.all([mine, theirs].map(({ id }) => descriptionOf(third, id)))).toEqual(['mine', 'theirs'])
  })

  it('do not turn a conflict of rows into something else', async () => {
    const one = aProcess(memoryStorage())
    expect(await pay(one.storage, aPaymentRow({ description: 'x', version: 7 }))).toBe('conflict')
    expect(one.take()).toEqual({ loads: 2, commits: 1 })
  })

  it.each([
    { why: 'was refused', fate: async () => 'conflict' as const },
    { why: 'has an unknown fate', fate: () => Promise.reject(new Error('the connection broke')) },
  ])('are not taken for stored where their commit $why', async ({ fate }) => {
    const store = memoryStorage()
    let commits = 0
    const process = aProcess({
      ...store,
      commit(commit) {
        commits += 1
        return commits === 1 ? fate() : store.commit(commit)
      },
    })
    await pay(process.storage).catch(() => undefined)
    expect(await pay(process.storage)).toBe('committed')
    const { stored, named } = await keysIn(store)
    expect([stored.size, named]).toEqual([1, stored])
  })

  it('are stored wherever a value names them, whatever dies and whoever races', async () => {
    const store = memoryStorage()
    let calls = 0
    for (let round = 0; round < 60; round += 1) {
      const userId = `user_${round % 7}`
      // Each process dies at a call of its own: before it has had its effect, or after.
      const processes = [0, 1, 2].map((index) => {
        let left = (round + index) % 5
        const dies = async <T>(call: () => Promise<T>): Promise<T> => {
          calls += 1
          left -= 1
          if (left === 0 && round % 2 === 0) throw new Error('it died before')
          const answer = await call()
          if (left === 0) throw new Error('it died after')
          return answer
        }
        return aProcess({
          load: (query) => dies(() => store.load(query)),
          commit: (one) => dies(() => store.commit(one)),
        })
      })
      await Promise.allSettled(
        processes.map(({ storage }) => pay(storage, aPaymentRow({ userId, description: `by ${round}` }))),
      )
      const { stored, named } = await keysIn(store)
      expect([...named].filter((id) => !stored.has(id))).toEqual([])
    }
    const { rows } = await keysIn(store)
    expect(rows.filter(({ isCurrent }) => isCurrent)).toHaveLength(7)
    expect(calls).toBeGreaterThan(300)
    const { payments } = await aProcess(store).storage.load({ payments: many('transactions', {}) })
    expect(payments.every(({ description }) => description?.startsWith('by '))).toBe(true)
  })
})

describe('a key that is at its end', () => {
  // The chance is 1 in 2^24 for each value: these bytes always hit it, those never.
  const always = (count: number) => new Uint8Array(count)
  const never = (count: number) => new Uint8Array(count).fill(255)

  it('is followed by another one in the next commit, and still opens what it sealed', async () => {
    const store = memoryStorage()
    const process = aProcess(store, { randomBytes: always })
    const payments = [1, 2, 3].map((n) => aPaymentRow({ description: `no. ${n}` }))
    for (const payment of payments) expect(await pay(process.storage, payment)).toBe('committed')
    const { rows, named } = await keysIn(store)
    expect([named.size, rows.filter(({ isCurrent }) => isCurrent).length]).toEqual([3, 1])
    const other = aProcess(store)
    expect(await Promise.all(payments.map(({ id }) => descriptionOf(other, id)))).toEqual(['no. 1', 'no. 2', 'no. 3'])
  })

  it('is followed by one, whichever of two processes ends it first', async () => {
    const store = memoryStorage()
    const first = aProcess(store, { randomBytes: never })
    const second = aProcess(store, { randomBytes: always })
    for (const { storage } of [first, second]) {
      await storage.load({ payments: many('transactions', { userId: 'user_1' }) })
    }
    await pay(first.storage)
    await first.storage.load({ payments: many('transactions', { userId: 'user_1' }) })
    // The second one was told that there is none: it makes the first one's key its own, then ends it.
    expect(await pay(second.storage)).toBe('committed')
    expect(await pay(second.storage)).toBe('committed')
    // The first one still goes by the old key, which is stored.
    expect(await pay(first.storage)).toBe('committed')
    const { rows, named, stored } = await keysIn(store)
    expect(rows.filter(({ isCurrent }) => isCurrent)).toHaveLength(1)
    expect([...named].every((id) => stored.has(id))).toBe(true)
  })
})

describe('what a process knows of a key', () => {
  const minute = 60_000

  it('is looked up again after a minute: what another process closed opens no more, and is sealed no more', async () => {
    const store = memoryStorage()
    let now = 1_800_000_000_000
    const [eraser, other] = [aProcess(store, { now: () => now }), aProcess(store, { now: () => now })]
    const payment = aPaymentRow({ description: 'a secret', metadata: { email: 'x' } })
    await pay(other.storage, payment)
    const { key } = await eraser.storage.load({ key: one('data_keys', { subject: 'user:user_1', isCurrent: true }) })
    if (!key) throw new Error('the payment made it')
    const closed = write('data_keys', { ...key, closedAt: key.createdAt })
    expect(await eraser.storage.commit({ id: newId('commit'), changes: [closed] })).toBe('committed')
    expect(await descriptionOf(eraser, payment.id)).toBeNull()
    expect(await descriptionOf(other, payment.id)).toBe('a secret')

    now += minute
    expect(await descriptionOf(other, payment.id)).toBeNull()
    const later = aPaymentRow({ description: 'another secret', metadata: { email: 'y' } })
    expect(await pay(other.storage, later)).toBe('committed')
    const { payments } = await store.load({ payments: many('transactions', { id: later.id }) })
    expect(payments).toMatchObject([{ amount: 1000, status: 'succeeded', description: null, metadata: null }])
  })

  it('is not overwritten by an answer that was read before a newer one', async () => {
    const store = memoryStorage()
    const { storage, keys } = aProcess(store)
    await pay(storage)
    const { key } = await store.load({ key: one('data_keys', { subject: 'user:user_1', isCurrent: true }) })
    if (!key) throw new Error('the payment made it')
    const closed = { ...key, closedAt: key.createdAt }
    await storage.commit({ id: newId('commit'), changes: [write('data_keys', closed)] })
    await keys.learn([key], 1_800_000_000_000)
    expect(await keys.isErased('user_1')).toBe(true)
  })
})

describe('what belongs to nobody', () => {
  it('is sealed under the key of its day in UTC, payloads of a user’s events too', async () => {
    const store = memoryStorage()
    let now = Date.UTC(2026, 10, 23, 23, 59, 59, 999)
    const { storage } = aProcess(store, { now: () => now })
    const receive = (userId: string | null) =>
      storage.commit({
        id: newId('commit'),
        changes: [
          write('webhook_events', aWebhookEventRow({ userId })),
          write('transactions', aPaymentRow({ userId: null, description: 'nobody’s' })),
        ],
      })
    await receive(null)
    await receive('user_1')
    now += 1
    await receive(null)
    const { keys } = await store.load({ keys: many('data_keys', {}) })
    expect(keys.map(({ subject }) => subject)).toEqual(['day:2026-11-23', 'day:2026-11-24'])
  })

  it('is sealed under its user’s key with the first write after the user became known', async () => {
    const store = memoryStorage()
    const { storage } = aProcess(store)
    const adopted = aPaymentRow({ userId: null, description: 'whose?' })
    await pay(storage, adopted)
    await pay(storage, { ...adopted, version: 1, userId: 'user_1' })
    const { rows, named } = await keysIn(store)
    expect(rows.find(({ id }) => named.has(id))?.subject).toBe('user:user_1')
  })
})
