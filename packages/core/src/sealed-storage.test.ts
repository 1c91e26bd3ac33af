import { describe, expect, it } from 'vitest'
import { damagePayment } from '../test/damaged.ts'
import { keyIdOf } from './cipher/envelope.ts'
import { webCipher } from './cipher/web-cipher.ts'
import { keyStore } from './data-keys/key-store.ts'
import { idMaker } from './ids.ts'
import { memoryStorage } from './memory/index.ts'
import { nodeCipher } from './node/index.ts'
import type { Cipher, DataKey } from './ports/cipher.ts'
import type { Happening } from './ports/runtime.ts'
import { due, many, next, one, page, type Storage, write } from './ports/storage.ts'
import type { StoredTables } from './ports/tables.ts'
import { systemRuntime } from './runtime.ts'
import { sealedStorage } from './sealed-storage.ts'
import { aPaymentRow, aWebhookEventRow, newId } from './testing/rows.ts'

type Store = Storage<StoredTables>

const ring = { current: { id: 'ring', bytes: new Uint8Array(32).fill(1) } }
const nodes = nodeCipher(ring)

/** A process over a storage, with a clock of its own and what it asked of the storage. */
function aProcess(
  inner: Store,
  { randomBytes = systemRuntime.randomBytes, now = (): number => 1_800_000_000_000, cipher = nodes } = {},
) {
  const counts = { loads: 0, commits: 0 }
  const counted: Store = {
    load: (query) => {
      counts.loads += 1
      return inner.load(query)
    },
    commit: (commit) => {
      counts.commits += 1
      return inner.commit(commit)
    },
  }
  const runtime = { ...systemRuntime, randomBytes, now }
  const keys = keyStore(counted, cipher, { runtime, newId: idMaker(systemRuntime) })
  const told: Happening[] = []
  const storage = sealedStorage(counted, keys, runtime, { tell: (happening) => void told.push(happening) })
  const take = () => {
    const taken = { ...counts }
    Object.assign(counts, { loads: 0, commits: 0 })
    return taken
  }
  return { storage, keys, take, told }
}

const pay = (storage: ReturnType<typeof aProcess>['storage'], payment = aPaymentRow({ description: 'a secret' })) =>
  storage.commit({ id: newId('commit'), changes: [write('transactions', payment)] })

const descriptionOf = async ({ storage }: ReturnType<typeof aProcess>, id: string) =>
  (await storage.load({ payment: one('transactions', { id }) })).payment?.description

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

describe('what was opened', () => {
  /** A process that counts the texts that are deciphered. */
  function aReader(store: Store, { now = (): number => 1_800_000_000_000 } = {}) {
    let deciphered = 0
    const counting: Cipher = {
      ...nodes,
      async openKey(id, wrapped) {
        const key = await nodes.openKey(id, wrapped)
        const openText: DataKey['openText'] = (sealed, place) => {
          deciphered += 1
          return key.openText(sealed, place)
        }
        return { ...key, openText }
      },
    }
    const process = aProcess(store, { cipher: counting, now })
    const read = async (id: string) => [await descriptionOf(process, id), deciphered]
    return { read }
  }

  it('is deciphered once, and again once it was written anew', async () => {
    const store = memoryStorage()
    const { storage } = aProcess(store)
    const payment = aPaymentRow({ description: 'a secret' })
    await pay(storage, payment)
    const { read } = aReader(store)
    expect(await read(payment.id)).toEqual(['a secret', 1])
    expect(await read(payment.id)).toEqual(['a secret', 1])
    await pay(storage, { ...payment, version: 1, description: 'another' })
    expect(await read(payment.id)).toEqual(['another', 2])
  })

  it('is deciphered again after nobody asked for it for two minutes', async () => {
    const store = memoryStorage()
    let now = 1_800_000_000_000
    const payment = aPaymentRow({ description: 'a secret' })
    const other = aPaymentRow({ description: 'another' })
    for (const one of [payment, other]) await pay(aProcess(store).storage, one)
    const { read } = aReader(store, { now: () => now })
    expect(await read(payment.id)).toEqual(['a secret', 1])
    for (let minutes = 1; minutes <= 3; minutes += 1) {
      now += 60_000
      expect(await read(payment.id)).toEqual(['a secret', 1])
    }
    for (let minutes = 1; minutes <= 2; minutes += 1) {
      now += 60_000
      expect(await read(other.id)).toEqual(['another', 2])
    }
    expect(await read(payment.id)).toEqual(['a secret', 3])
  })

  it('opens nowhere else, where somebody copied it', async () => {
    const store = memoryStorage()
    const process = aProcess(store)
    const [theirs, mine] = [aPaymentRow({ description: 'a secret' }), aPaymentRow({ description: 'mine' })]
    for (const one of [theirs, mine]) await pay(process.storage, one)
    expect(await descriptionOf(process, theirs.id)).toBe('a secret')
    const stored = await store.load({
      theirs: one('transactions', { id: theirs.id }),
      mine: one('transactions', { id: mine.id }),
    })
    if (!stored.theirs || !stored.mine) throw new Error('they were just stored')
    const copied = { ...stored.mine, description: stored.theirs.description }
    await store.commit({ id: newId('commit'), changes: [{ table: 'transactions', row: copied }] })
    await expect(descriptionOf(process, mine.id)).rejects.toMatchObject({ kind: 'defect' })
  })
})

it('fails once where several values do not open and a key is gone, with a cipher that takes its time', async () => {
  const store = memoryStorage()
  const payments = [1, 2, 3].map((n) => aPaymentRow({ description: `no. ${n}`, metadata: { n: `${n}` } }))
  for (const payment of payments) await pay(aProcess(store).storage, payment)
  const stored = await store.load({ payments: many('transactions', {}) })
  const altered = stored.payments.map((row, index) => {
    const description = row.description ?? ''
    const [keyId, other] = [keyIdOf(description), 'key_that_is_gone']
    return { ...row, description: index < 2 ? `${description.slice(0, -4)}AAAA` : description.replace(keyId, other) }
  })
  const changes = altered.map((row) => ({ table: 'transactions', row }) as const)
  expect(await store.commit({ id: newId('commit'), changes })).toBe('committed')
  const { storage } = aProcess(store, { cipher: await webCipher(ring) })
  // Vitest fails where a rejection is heard by nobody.
  await expect(storage.load({ payments: many('transactions', {}) })).rejects.toMatchObject({ kind: 'defect' })
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

describe('a value that does not open', () => {
  const NOW = '2026-01-01T00:00:00.000Z'

  /** Two payments that are due, each of its own user, of which one is damaged. */
  async function damaged(damage: (store: Store, id: string) => Promise<unknown>) {
    const store = memoryStorage()
    const rows = ['user_1', 'user_2'].map((userId) => aPaymentRow({ userId, description: 'a secret', dueAt: NOW }))
    const before = aProcess(store)
    for (const row of rows) await pay(before.storage, row)
    const [broken, whole] = rows.map(({ id }) => id)
    await damage(store, broken ?? '')
    const { storage, told } = aProcess(store)
    return { store, storage, told, broken: broken ?? '', whole: whole ?? '' }
  }

  const cases = {
    'since its key was altered': async (store: Store) => {
      const { key } = await store.load({ key: one('data_keys', { subject: 'user:user_1', isCurrent: true }) })
      if (!key) throw new Error('it is stored')
      await store.commit({
        id: newId('commit'),
        changes: [{ table: 'data_keys', row: { ...key, wrapped: 'altered' } }],
      })
    },
    'since it was altered': async (store: Store, id: string) => void (await damagePayment(store, id)),
    'since it is no sealed value at all': async (store: Store, id: string) => {
      const { row } = await store.load({ row: one('transactions', { id }) })
      if (!row) throw new Error('it is stored')
      const plain = { ...row, description: 'in clear' }
      await store.commit({ id: newId('commit'), changes: [{ table: 'transactions', row: plain }] })
    },
  }

  it.each(Object.entries(cases))('%s keeps no other from its turn', async (_, damage) => {
    const { storage, whole, broken } = await damaged(damage)
    const { rows } = await storage.load({ rows: due('transactions', NOW, 1) })
    expect(rows.map(({ id }) => id)).toEqual([whole])
    await expect(storage.load({ payment: one('transactions', { id: broken }) })).rejects.toMatchObject({
      kind: 'defect',
    })
    expect((await storage.load({ payment: one('transactions', { id: whole }) })).payment?.description).toBe('a secret')
  })

  it.each(Object.entries(cases))('%s is told of once, however it is looked for', async (_, damage) => {
    const { store, storage, told, broken } = await damaged(damage)
    const slow = aProcess(store, { cipher: await webCipher(ring) })
    const ofPage = page('transactions', { userId: 'user_1' }, { limit: 2 })
    for (const process of [{ storage, told }, slow]) {
      for (const found of [one('transactions', { id: broken }), ofPage, next('transactions', 2)]) {
        await expect(process.storage.load({ found })).rejects.toMatchObject({ kind: 'defect' })
      }
      expect(process.told).toEqual([{ what: 'row_unreadable', table: 'transactions', id: broken }])
    }
  })

  it('under a key that does not open nothing is sealed', async () => {
    const { storage } = await damaged(cases['since its key was altered'])
    const another = aPaymentRow({ userId: 'user_1', description: 'another secret' })
    await expect(pay(storage, another)).rejects.toMatchObject({ kind: 'defect' })
    expect((await storage.load({ payment: one('transactions', { id: another.id }) })).payment).toBeUndefined()
  })
})
