import { expect, it } from 'vitest'
import { sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { createFlorin, type Florin, system } from '../index.ts'
import { nodeCipher } from '../node/index.ts'
import { many, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { systemRuntime } from '../runtime.ts'
import { aStoredRow, commit, put } from '../testing/stored-rows.ts'

type World = ReturnType<typeof sandboxedFlorin>

// The ring key of every sandboxed Florin, and the one that follows it.
const old = { id: 'test', bytes: new Uint8Array(32).fill(7) }
const fresh = { id: 'fresh', bytes: new Uint8Array(32).fill(8) }

/** A process over the world's storage with a ring of its own; it has seen nothing yet. */
function withRing(
  { storage, gateway, sandbox }: World,
  ring: Parameters<typeof nodeCipher>[0],
  over: (inner: Storage<StoredTables>) => Storage<StoredTables> = (inner) => inner,
): Florin {
  const runtime = { ...systemRuntime, now: () => sandbox.clock.now() * 1000 }
  return createFlorin({ storage: over(storage), gateway, cipher: nodeCipher(ring), runtime })
}

const pay = (florin: Florin, userId: string) => {
  const order = { userId, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa', description: `for ${userId}` }
  return florin.payments.create(order, { actor: service })
}

const users = Array.from({ length: 8 }, (_, index) => `user_${index}`)

const keysOf = async ({ storage }: World) => (await storage.load({ keys: many('data_keys', {}) })).keys

it('leaves the old key alone with nothing that it opens, and the new key alone opens everything', async () => {
  const world = sandboxedFlorin()
  const paid = []
  for (const user of users) paid.push((await pay(world.florin, user)).data.id)
  const progress: number[] = []
  const both = withRing(world, { current: fresh, retired: [old] })
  const rotated = await both.keys.rotate({ onProgress: (wrapped) => progress.push(wrapped) })
  // A key for each user, and one for the day of the webhooks.
  expect(rotated).toEqual({ wrapped: 9, broken: [], notInRing: {} })
  expect(progress.at(-1)).toBe(9)

  const [onlyNew, onlyOld] = [withRing(world, { current: fresh }), withRing(world, { current: old })]
  for (const id of paid) {
    expect((await onlyNew.payments.get(id, system)).description).toMatch(/^for user_/)
    await expect(onlyOld.payments.get(id, system)).rejects.toThrow(/no key fresh in the key ring/)
  }
  expect(await onlyNew.keys.verify({ full: true })).toMatchObject({ keys: { fresh: 9 }, destroyed: 0, broken: [] })
  const { opened, broken } = await onlyOld.keys.verify({ full: true })
  expect(opened).toBe(0)
  expect(broken.filter(({ table }) => table === 'data_keys')).toHaveLength(9)

  expect(await both.keys.rotate()).toEqual({ wrapped: 0, broken: [], notInRing: {} })
  const { audits } = await world.storage.load({ audits: many('audit_log', {}) })
  expect(audits.filter(({ action }) => action === 'keys.rotate').map(({ detail }) => detail)).toEqual([
    { wrapped: 9, ringKey: 'fresh' },
  ])
})

it('fails no request of servers that run meanwhile, with either key as their current one', {
  timeout: 60_000,
}, async () => {
  const world = sandboxedFlorin()
  for (const user of users) await pay(world.florin, user)
  const ring = { current: fresh, retired: [old] }
  // All of them know both keys; the second is a server that was not restarted with the new one as its current yet.
  const servers = [withRing(world, ring), withRing(world, { current: old, retired: [fresh] })]
  const asked = { reads: 0, payments: 0 }
  const load = Promise.all(
    servers.flatMap((server, index) =>
      users.slice(index * 4, index * 4 + 4).map(async (user) => {
        for (let round = 0; round < 4; round += 1) {
          const { data: payment } = await pay(server, user)
          await server.payments.get(payment.id, { id: user, roles: ['user'] })
          await pay(server, `${user}_${round}`)
          asked.reads += 1
          asked.payments += 2
        }
      }),
    ),
  )
  // Each of its calls lets the servers go on in between.
  const between = async <T>(call: () => Promise<T>): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve))
    return call()
  }
  const rotating = withRing(world, ring, (inner) => ({
    load: (query) => between(() => inner.load(query)),
    commit: (one) => between(() => inner.commit(one)),
  }))
  let running = true
  const ended = load.then(() => {
    running = false
  })
  let rotations = 0
  while (running) {
    // Beside a server that makes keys under the old ring key, it may find no end.
    await rotating.keys.rotate().catch((error: unknown) => expect(error).toMatchObject({ code: 'overloaded' }))
    rotations += 1
  }
  await ended
  await rotating.keys.rotate()
  const keys = await keysOf(world)
  expect(new Set(keys.map(({ wrappedBy }) => wrappedBy))).toEqual(new Set(['fresh']))
  expect(keys).toHaveLength(users.length + users.length * 4 + 1)
  const verified = await withRing(world, { current: fresh }).keys.verify({ full: true })
  expect(verified).toMatchObject({ broken: [], erased: 0 })
  console.log(`rotated ${keys.length} keys ${rotations} times beside ${JSON.stringify(asked)}, none of which failed`)
})

it('goes on where it was broken off, at any call, and wraps each key once', { timeout: 60_000 }, async () => {
  const world = sandboxedFlorin({ webhooks: false })
  const cipher = nodeCipher({ current: old })
  const rows = []
  for (let count = 0; count < 110; count += 1) {
    const { id, ...row } = aStoredRow('data_keys', { wrappedBy: old.id })
    rows.push(put('data_keys', { id, ...row, wrapped: (await cipher.makeKey(id)).wrapped }))
  }
  await commit(world.storage, ...rows)
  let points = 0
  for (const moment of ['before', 'after'] as const) {
    for (let point = 1; ; point += 1) {
      let calls = 0
      const dies = async <T>(call: () => Promise<T>): Promise<T> => {
        calls += 1
        if (calls > point || (calls === point && moment === 'before')) throw new Error('it died here')
        const answer = await call()
        if (calls === point) throw new Error('it died here')
        return answer
      }
      const ring = point % 2 === 0 ? { current: old, retired: [fresh] } : { current: fresh, retired: [old] }
      const dying = withRing(world, ring, (inner) => ({
        load: (query) => dies(() => inner.load(query)),
        commit: (one) => dies(() => inner.commit(one)),
      }))
      const died = await dying.keys.rotate().then(
        () => false,
        () => true,
      )
      const { wrapped } = await withRing(world, ring).keys.rotate()
      expect(wrapped).toBeLessThanOrEqual(rows.length)
      expect(new Set((await keysOf(world)).map(({ wrappedBy }) => wrappedBy))).toEqual(new Set([ring.current.id]))
      if (!died) break
      points += 1
    }
  }
  // Two pages with their six commits, one page that finds no more, the audit's line, and two pages to see what is under other keys: before and after.
  expect(points).toBe(24)
})

it('looks again for what a server wrapped under the old key behind its back, and gives up where that has no end', async () => {
  const world = sandboxedFlorin({ webhooks: false })
  const makeKey = async () => {
    const { id, ...row } = aStoredRow('data_keys', { wrappedBy: old.id })
    const { wrapped } = await nodeCipher({ current: old }).makeKey(id)
    await commit(world.storage, put('data_keys', { id, ...row, wrapped }))
  }
  let left = 3
  const both = withRing(world, { current: fresh, retired: [old] }, (inner) => ({
    ...inner,
    async load(query) {
      const found = await inner.load(query)
      if (left > 0) await makeKey()
      left -= 1
      return found
    },
  }))
  await makeKey()
  expect(await both.keys.rotate()).toMatchObject({ wrapped: 4 })
  await makeKey()
  left = Number.POSITIVE_INFINITY
  await expect(both.keys.rotate()).rejects.toMatchObject({
    code: 'overloaded',
    message: expect.stringMatching(/under test: restart/),
  })
})

it('leaves a key that does not open as it is, and names it', async () => {
  const world = sandboxedFlorin({ webhooks: false })
  await pay(world.florin, 'user_0')
  const broken = aStoredRow('data_keys', {
    wrapped: 'v1.test.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA',
    wrappedBy: 'test',
  })
  await commit(world.storage, put('data_keys', broken))
  const both = withRing(world, { current: fresh, retired: [old] })
  expect(await both.keys.rotate()).toEqual({ wrapped: 1, broken: [broken.id], notInRing: {} })
  const named: string[] = []
  const verified = await both.keys.verify({ onBroken: ({ id }) => named.push(id) })
  expect(verified.keys).toEqual({ fresh: 1, test: 1 })
  expect(named).toEqual([broken.id])
})

it('names every value that does not open, by table, row and column, and only those', async () => {
  const world = sandboxedFlorin()
  for (const user of users.slice(0, 3)) await pay(world.florin, user)
  const { payments, events } = await world.storage.load({
    payments: many('transactions', {}),
    events: many('webhook_events', {}),
  })
  const [first, second, third] = payments
  const [event] = events
  if (!first || !second || !third || !event?.payload) throw new Error('three payments and their events')
  const flipped = event.payload.map((byte, index) => (index === 60 ? byte ^ 1 : byte))
  await commit(
    world.storage,
    put('transactions', { ...first, description: second.description }),
    put('transactions', { ...second, clientSecret: 'pi_1_secret_2' }),
    put('transactions', { ...third, metadata: 'v1.key_gone.AAAA.AAAA' }),
    put('webhook_events', { ...event, payload: flipped }),
  )
  const { broken } = await world.florin.keys.verify({ full: true })
  expect(broken.map(({ table, id, column, reason }) => [table, id, column, reason]).sort()).toEqual(
    [
      ['transactions', first.id, 'description', `a sealed value does not open at transactions.description.${first.id}`],
      ['transactions', second.id, 'clientSecret', 'not a sealed value'],
      ['transactions', third.id, 'metadata', 'no data key key_gone'],
      ['webhook_events', event.id, 'payload', `a sealed value does not open at webhook_events.payload.${event.id}`],
    ].sort(),
  )
})
