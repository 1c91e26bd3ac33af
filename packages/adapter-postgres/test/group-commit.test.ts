import { many, one, type Storage, type StoredTables } from '@florin/core'
import { aStoredRow, commit, newId, put, read } from '@florin/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromPool, type PgClient, postgresStorage } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'
import { recordingPool, type Sent } from './recording-pool.ts'
import { holdRow, whileHeld } from './while-held.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

const isGroup = ({ name }: Sent) => name?.startsWith('florin_group') === true
const isSingle = ({ name }: Sent) => name?.startsWith('florin_commit') === true

/** No statement that waits at the gate is to have another one beside it. */
const NEVER = 600_000

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve))

/** A storage whose statements wait at a gate until it is opened, so that what comes meanwhile gathers. */
function gated(before: (sent: Sent, client: PgClient) => Promise<void> = async () => {}, lockTimeoutMs = 60_000) {
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const { pool, sent, failures } = recordingPool(database.pool({ max: 10 }), async (query, client) => {
    await gate
    await before(query, client)
  })
  const waits = { recoveryDelays: [1, 10, 100], patienceMs: NEVER }
  const storage = postgresStorage({ database: fromPool(pool), ...waits, lockTimeoutMs })
  return { storage, sent, failures, open }
}

const payments = (count: number) => Array.from({ length: count }, () => aStoredRow('transactions'))

/** What a payment's commit writes: the row and a line of the audit log that names it. */
const paying = (row: StoredTables['transactions']) => [
  put('transactions', row),
  put('audit_log', aStoredRow('audit_log', { objectId: row.id })),
]

/** Expects each row to be there in its first version, with one audit line. */
async function expectOnce(storage: Storage, rows: readonly StoredTables['transactions'][]): Promise<void> {
  for (const row of rows) {
    const found = await storage.load({
      row: one('transactions', { id: row.id }),
      lines: many('audit_log', { objectId: row.id }),
    })
    expect(found.row).toStrictEqual({ ...row, version: 1 })
    expect(found.lines).toHaveLength(1)
  }
}

/** Puts commits into groups: the first is under way by itself, and all others gather. */
async function together<T>({ storage, open }: ReturnType<typeof gated>, start: () => readonly Promise<T>[]) {
  const first = commit(storage, ...paying(aStoredRow('transactions')))
  await turnOfTheLoop()
  const started = start()
  await turnOfTheLoop()
  open()
  const results = await Promise.allSettled(started)
  expect(await first).toBe('committed')
  return results
}

const values = (results: readonly PromiseSettledResult<string>[]) =>
  results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))

test('sends a commit at once and alone while nothing is under way, and what gathers meanwhile as one statement', async () => {
  const world = gated()
  const rows = payments(100)
  const results = await together(world, () => rows.map((row) => commit(world.storage, ...paying(row))))
  expect(values(results)).toStrictEqual(rows.map(() => 'committed'))
  expect(world.sent.filter(isSingle)).toHaveLength(1)
  expect(world.sent.filter(isGroup)).toHaveLength(1)
  await expectOnce(world.storage, rows)
})

test('leaves out of a group who was decided on a version that has passed, and nobody else', async () => {
  const other = postgresStorage({ database: fromPool(database.pool({ max: 1 })) })
  const rows = payments(40)
  for (const row of rows) await commit(other, ...paying(row))
  for (const row of rows.slice(0, 3)) await commit(other, put('transactions', { ...row, version: 1 }))
  const world = gated()
  const event = aStoredRow('outbox')
  const results = await together(world, () =>
    rows.map((row, index) => {
      const told = index === 0 ? [put('outbox', event), put('leases', aStoredRow('leases', { id: event.id }))] : []
      return commit(world.storage, put('transactions', { ...row, version: 1, reference: 'ours' }), ...told)
    }),
  )
  expect(values(results)).toStrictEqual(rows.map((_, index) => (index < 3 ? 'conflict' : 'committed')))
  // The statement did not fail: nobody had to be sent again.
  expect(world.failures).toStrictEqual([])
  expect(world.sent.filter(isGroup)).toHaveLength(1)
  expect(await read(world.storage, 'outbox', event.id)).toBeUndefined()
  expect(await read(world.storage, 'leases', event.id)).toBeUndefined()
  for (const [index, row] of rows.entries()) {
    const expected = index < 3 ? { version: 2, reference: row.reference } : { version: 2, reference: 'ours' }
    expect(await read(world.storage, 'transactions', row.id)).toMatchObject(expected)
  }
})

test('leaves out of a group whose row somebody holds for long, and keeps nobody else waiting longer', async () => {
  const other = postgresStorage({ database: fromPool(database.pool({ max: 1 })) })
  const rows = payments(20)
  const [held] = rows
  if (!held) throw new Error('rows were made')
  for (const row of rows) await commit(other, ...paying(row))
  const letGo = await holdRow(database.pool({ max: 1 }), 'transactions', held.id)
  const world = gated(undefined, 200)
  const results = await together(world, () =>
    rows.map((row) => commit(world.storage, put('transactions', { ...row, version: 1, reference: 'ours' }))),
  )
  await letGo()
  expect(values(results)).toStrictEqual(rows.map((row) => (row === held ? 'failed' : 'committed')))
  expect(results[0]).toMatchObject({ reason: { code: 'storage_unavailable', outcome: 'not_applied' } })
  expect(world.failures).toStrictEqual(['55P03', '55P03'])
  expect(await read(world.storage, 'transactions', held.id)).toMatchObject({ version: 1, reference: held.reference })
})

test('commits 97 of 100 where one breaks a rule of the tables, one a unique key and one was decided too late', async () => {
  const taken = aStoredRow('transactions')
  const moved = aStoredRow('transactions')
  const other = postgresStorage({ database: fromPool(database.pool({ max: 1 })) })
  await commit(other, put('transactions', taken), put('transactions', moved))
  await commit(other, put('transactions', { ...moved, version: 1 }))
  const world = gated()
  const rows = payments(97)
  const results = await together(world, () => [
    ...rows.slice(0, 50).map((row) => commit(world.storage, ...paying(row))),
    commit(world.storage, put('refunds', aStoredRow('refunds', { paymentId: 'tx_none' }))),
    commit(world.storage, ...paying(aStoredRow('transactions', { gatewayId: taken.gatewayId }))),
    commit(world.storage, put('transactions', { ...moved, version: 1 })),
    ...rows.slice(50).map((row) => commit(world.storage, ...paying(row))),
  ])
  const [poison, clash, late] = results.splice(50, 3)
  expect(poison).toMatchObject({ status: 'rejected', reason: { kind: 'defect' } })
  expect(clash).toMatchObject({ value: 'conflict' })
  expect(late).toMatchObject({ value: 'conflict' })
  expect(values(results)).toStrictEqual(rows.map(() => 'committed'))
  await expectOnce(world.storage, rows)
})

test.each(['before', 'after'] as const)(
  'finds out of each commit of a group what became of it when the connection broke %s it took effect',
  async (when) => {
    let killed = false
    const world = gated(async (query, client) => {
      if (!isGroup(query) || killed) return
      killed = true
      if (when === 'after') await client.query({ ...query, values: [...query.values], rowMode: 'array' })
      const admin = database.pool({ max: 1 })
      await admin.query('select pg_terminate_backend($1, 5000)', [Reflect.get(client, 'processID')])
      await admin.end()
    })
    const moved = aStoredRow('transactions')
    const plain = postgresStorage({ database: fromPool(database.pool({ max: 1 })) })
    await commit(plain, put('transactions', moved))
    await commit(plain, put('transactions', { ...moved, version: 1 }))
    const rows = payments(50)
    const results = await together(world, () => [
      ...rows.map((row) => commit(world.storage, ...paying(row))),
      commit(world.storage, put('transactions', { ...moved, version: 1 })),
    ])
    expect(values(results)).toStrictEqual([...rows.map(() => 'committed'), 'conflict'])
    await expectOnce(world.storage, rows)
    expect(killed).toBe(true)
  },
)

test('answers conflict without asking to whoever waited for a change that has overtaken it', async () => {
  const world = gated()
  const row = aStoredRow('transactions')
  const key = { callerScope: newId('tx'), callerKey: 'key' }
  const results = await together(world, () => [
    commit(world.storage, ...paying(row)),
    commit(world.storage, ...paying(row)),
    commit(world.storage, put('operations', aStoredRow('operations', key))),
    commit(world.storage, put('operations', aStoredRow('operations', key))),
    commit(world.storage, put('transactions', { ...row, version: 1, reference: 'next' })),
  ])
  expect(values(results)).toStrictEqual(['committed', 'conflict', 'committed', 'conflict', 'committed'])
  expect(world.failures).toStrictEqual([])
  expect(await read(world.storage, 'transactions', row.id)).toMatchObject({ version: 2, reference: 'next' })
})

test('loses no change and fails no neighbour under rows in opposite order and one row that is in every commit', async () => {
  const { pool, sent, failures } = recordingPool(database.pool({ max: 20 }))
  const [first, second] = [1, 2].map(() => postgresStorage({ database: fromPool(pool) }))
  if (!first || !second) throw new Error('two storages were made')
  const pair = [aStoredRow('transactions', { amount: 0 }), aStoredRow('transactions', { amount: 0 })] as const
  const hot = aStoredRow('subscriptions', { latestInvoice: '0' })
  await commit(first, ...pair.map((row) => put('transactions', row)), put('subscriptions', hot))
  const WORKERS = 30
  const ROUNDS = 4

  /** Adds one to the given payments and counts it on the hot row, until it is committed. */
  async function add(storage: Storage, [a, b]: readonly [string, string]): Promise<void> {
    for (;;) {
      const found = await storage.load({
        a: one('transactions', { id: a }),
        b: one('transactions', { id: b }),
        hot: one('subscriptions', { id: hot.id }),
      })
      if (!found.a || !found.b || !found.hot) throw new Error('the rows were written')
      const changes = [found.a, found.b].map((row) => put('transactions', { ...row, amount: row.amount + 1 }))
      const latestInvoice = String(Number(found.hot.latestInvoice) + 1)
      if ((await commit(storage, ...changes, put('subscriptions', { ...found.hot, latestInvoice }))) === 'committed')
        return
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
    }
  }
  /** Writes rows that nobody else knows of, beside all that. */
  async function neighbour(storage: Storage): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const row = aStoredRow('transactions')
      expect(await commit(storage, ...paying(row))).toBe('committed')
      expect(await commit(storage, put('transactions', { ...row, version: 1 }))).toBe('committed')
    }
  }
  await Promise.all(
    [first, second].flatMap((storage, process) =>
      Array.from({ length: WORKERS }, async (_, worker) => {
        const [low, high] = pair
        const order = (worker + process) % 2 ? ([low.id, high.id] as const) : ([high.id, low.id] as const)
        await Promise.all([add(storage, order), neighbour(storage)])
      }),
    ),
  )

  for (const { id } of pair) expect((await read(first, 'transactions', id))?.amount).toBe(2 * WORKERS)
  expect((await read(first, 'subscriptions', hot.id))?.latestInvoice).toBe(String(2 * WORKERS))
  // What fails alone fails on its version and on nothing else: no deadlock, no unique key, no lost row.
  expect(new Set(failures)).toEqual(new Set(failures.length > 0 ? ['FL001'] : []))
  expect(sent.filter(isGroup).length).toBeGreaterThan(10)
}, 60_000)

test('locks the rows of a group by their ids, so that two processes never wait for each other in a circle', async () => {
  const worlds = [gated(), gated()]
  const rows = payments(30).sort((a, b) => (a.id < b.id ? -1 : 1))
  const plain = postgresStorage({ database: fromPool(database.pool({ max: 1 })) })
  for (const row of rows) await commit(plain, ...paying(row))
  // One comes from the lowest id and one from the highest to the middle, and would then want what the other one has.
  const all = await whileHeld(database, 'transactions', [rows[15]?.id ?? ''], 2, () =>
    Promise.all(
      worlds.map((world, index) =>
        together(world, () =>
          (index === 0 ? rows : [...rows].reverse()).map((row) =>
            commit(world.storage, put('transactions', { ...row, version: 1 })),
          ),
        ),
      ),
    ),
  )
  const [ours = [], theirs = []] = all.map(values)
  const committed = rows.map((_, index) => [ours[index], theirs[rows.length - 1 - index]])
  for (const pair of committed) expect(pair.sort()).toStrictEqual(['committed', 'conflict'])
  expect(worlds.flatMap(({ failures }) => failures)).toStrictEqual([])
})

test('turns commits away while too many wait, lets in those that settle what was sent, and forgets none', async () => {
  const { storage, open } = gated()
  const rows = payments(1000)
  const waiting = rows.map((row) => commit(storage, ...paying(row)))
  const overloaded = { kind: 'unavailable', code: 'overloaded', outcome: 'not_applied' }
  await expect(commit(storage, ...paying(aStoredRow('transactions')))).rejects.toMatchObject(overloaded)
  const settling = payments(1000)
  const settle = (row: StoredTables['transactions']) =>
    storage.commit({ id: newId('commit'), changes: paying(row), settles: true })
  waiting.push(...settling.map(settle))
  await expect(settle(aStoredRow('transactions'))).rejects.toMatchObject(overloaded)
  open()
  expect(new Set(await Promise.all(waiting))).toStrictEqual(new Set(['committed']))
  expect(await commit(storage, ...paying(aStoredRow('transactions')))).toBe('committed')
  await expectOnce(storage, [...rows.slice(-3), ...settling.slice(-3)])
})

test('turns commits away while too many bytes wait', async () => {
  const { storage, open } = gated()
  const payload = new Uint8Array(2 ** 23)
  const event = () => commit(storage, put('webhook_events', { ...aStoredRow('webhook_events'), payload }))
  const waiting = Array.from({ length: 8 }, event)
  await expect(event()).rejects.toMatchObject({ code: 'overloaded', outcome: 'not_applied' })
  open()
  expect(new Set(await Promise.all(waiting))).toStrictEqual(new Set(['committed']))
})

test('asks loads together while one is under way, and fails only the one that fails', async () => {
  const { storage, sent, open } = gated()
  const rows = payments(50)
  const plain = postgresStorage({ database: fromPool(database.pool({ max: 1 })) })
  for (const row of rows) await commit(plain, ...paying(row))
  const first = read(storage, 'transactions', 'tx_none')
  await turnOfTheLoop()
  const reads = rows.map((row) => read(storage, 'transactions', row.id))
  const poison = read(storage, 'transactions', 'tx_\u0000')
  open()
  await expect(poison).rejects.toMatchObject({ kind: 'defect' })
  expect(await Promise.all(reads)).toStrictEqual(rows.map((row) => ({ ...row, version: 1 })))
  expect(await first).toBeUndefined()
  expect(sent.filter(({ name }) => name?.startsWith('florin_loads'))).toHaveLength(1)
  expect(sent.some(isSingle)).toBe(false)
})
