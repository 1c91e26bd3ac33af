import { aStoredRow, put, read } from '@florin/core/testing'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromPool, type PgClient, postgresStorage } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'
import { recordingPool, type Sent } from './recording-pool.ts'
import { untilWaiting } from './while-held.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

const recoveryDelays = [1, 10, 100]
const isCommit = ({ name }: Sent) => name?.startsWith('florin_commit') === true

/** Ends the connection of a client at the server, as a failover or an operator would. */
async function kill(client: PgClient): Promise<void> {
  const admin = database.pool({ max: 1 })
  const processId: unknown = Reflect.get(client, 'processID')
  await admin.query('select pg_terminate_backend($1, 5000)', [processId])
  await admin.end()
}

/** A storage whose first `times` commits lose their connection before or after they took effect. */
function losing(when: 'before' | 'after', { times = 1, meanwhile = async () => {} } = {}) {
  let left = times
  const { pool, sent } = recordingPool(database.pool(), async (query, client) => {
    if (!isCommit(query) || left === 0) return
    left -= 1
    if (when === 'after') await client.query({ ...query, values: [...query.values], rowMode: 'array' })
    await meanwhile()
    await kill(client)
  })
  return { storage: postgresStorage({ database: fromPool(pool), recoveryDelays }), sent }
}

const changesOf = (row = aStoredRow('transactions')) => ({
  row,
  commit: { id: row.id, changes: [put('transactions', row), put('audit_log', aStoredRow('audit_log'))] },
})

test('commits after a connection that broke before the commit took effect', async () => {
  const { storage, sent } = losing('before')
  const { row, commit } = changesOf()
  expect(await storage.commit(commit)).toBe('committed')
  expect(await read(storage, 'transactions', row.id)).toStrictEqual({ ...row, version: 1 })
  expect(sent.filter(isCommit)).toHaveLength(2)
})

test('recognises its commit after a connection that broke when it had taken effect', async () => {
  const { storage } = losing('after')
  const { row, commit } = changesOf()
  expect(await storage.commit(commit)).toBe('committed')
  expect(await read(storage, 'transactions', row.id)).toStrictEqual({ ...row, version: 1 })
})

test('recognises a change that took effect, though somebody changed the same row after it', async () => {
  const plain = postgresStorage({ database: fromPool(database.pool()) })
  const { row, commit } = changesOf()
  await plain.commit(commit)
  const overtake = async () => {
    const change = put('transactions', { ...row, version: 2, reference: 'theirs' })
    expect(await plain.commit({ id: 'theirs', changes: [change] })).toBe('committed')
  }
  const { storage } = losing('after', { meanwhile: overtake })
  const changes = [put('transactions', { ...row, version: 1 }), put('audit_log', aStoredRow('audit_log'))]
  expect(await storage.commit({ id: 'ours', changes })).toBe('committed')
  expect(await read(storage, 'transactions', row.id)).toMatchObject({ version: 3, reference: 'theirs' })
})

test('says that the outcome is unknown where every row was changed again since', async () => {
  const plain = postgresStorage({ database: fromPool(database.pool()) })
  const { row, commit } = changesOf()
  await plain.commit(commit)
  const overtake = async () => {
    await plain.commit({ id: 'theirs', changes: [put('transactions', { ...row, version: 2 })] })
  }
  const { storage } = losing('after', { meanwhile: overtake })
  const ours = storage.commit({ id: 'ours', changes: [put('transactions', { ...row, version: 1 })] })
  await expect(ours).rejects.toMatchObject({ code: 'storage_unavailable', outcome: 'unknown' })
})

test('answers conflict after a broken connection when somebody else wrote first', async () => {
  const plain = postgresStorage({ database: fromPool(database.pool()) })
  const { row, commit } = changesOf()
  await plain.commit(commit)
  const overtake = async () => {
    await plain.commit({ id: 'theirs', changes: [put('transactions', { ...row, version: 1 })] })
  }
  const { storage } = losing('before', { meanwhile: overtake })
  const changes = [put('transactions', { ...row, version: 1 }), put('leases', aStoredRow('leases'))]
  expect(await storage.commit({ id: 'ours', changes })).toBe('conflict')
})

test('waits for a commit that still runs on a connection that the client has lost, and tells its outcome', async () => {
  const plain = postgresStorage({ database: fromPool(database.pool()) })
  const { row, commit } = changesOf()
  await plain.commit(commit)
  const blocker = await database.pool({ max: 1 }).connect()
  await blocker.query('begin')
  await blocker.query('select 1 from transactions where id = $1 for update', [row.id])

  // The client cuts its own side: the server goes on with the statement, which waits for the row.
  let cut = false
  const { pool } = recordingPool(database.pool(), async (query, client) => {
    if (!isCommit(query) || cut) return
    cut = true
    void client.query({ ...query, values: [...query.values], rowMode: 'array' }).catch(() => {})
    await untilWaiting(database, 1)
    const connection: unknown = Reflect.get(client, 'connection')
    if (typeof connection === 'object' && connection !== null) Reflect.get(connection, 'stream').destroy()
  })
  const storage = postgresStorage({ database: fromPool(pool), recoveryDelays })
  const ours = storage.commit({
    id: 'ours',
    changes: [put('transactions', { ...row, version: 1 }), put('audit_log', aStoredRow('audit_log'))],
  })
  // The commit is sent again, and waits behind its first self.
  await untilWaiting(database, 2)
  expect(cut).toBe(true)
  await blocker.query('commit')
  blocker.release()
  expect(await ours).toBe('committed')
  expect((await read(plain, 'transactions', row.id))?.version).toBe(2)
})

test('gives up after its tries and says that the outcome is unknown', async () => {
  const { storage, sent } = losing('before', { times: 100 })
  await expect(storage.commit(changesOf().commit)).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'storage_unavailable',
    outcome: 'unknown',
  })
  expect(sent.filter(isCommit)).toHaveLength(1 + recoveryDelays.length)
})

test('says that nothing was applied when no connection can be had', async () => {
  const pool = new Pool({ host: '127.0.0.1', port: 1 })
  const storage = postgresStorage({ database: fromPool(pool), recoveryDelays })
  const notApplied = { kind: 'unavailable', code: 'storage_unavailable', outcome: 'not_applied' }
  await expect(storage.commit(changesOf().commit)).rejects.toMatchObject(notApplied)
  await expect(read(storage, 'transactions', 'tx_1')).rejects.toMatchObject(notApplied)
  await pool.end()
})

test('says that nothing was applied when the pool has no connection in time', async () => {
  const pool = database.pool({ max: 1, connectionTimeoutMillis: 50 })
  const held = await pool.connect()
  const storage = postgresStorage({ database: fromPool(pool) })
  await expect(storage.commit(changesOf().commit)).rejects.toMatchObject({ outcome: 'not_applied' })
  held.release()
  expect(await storage.commit(changesOf().commit)).toBe('committed')
})

test('says that nothing was applied when a statement timeout ends a commit', async () => {
  const { row, commit } = changesOf()
  const plain = postgresStorage({ database: fromPool(database.pool()) })
  await plain.commit(commit)
  const blocker = await database.pool({ max: 1 }).connect()
  await blocker.query('begin')
  await blocker.query('select 1 from transactions where id = $1 for update', [row.id])
  const storage = postgresStorage({ database: fromPool(database.pool({ statement_timeout: 100 })) })
  const ours = storage.commit({ id: 'ours', changes: [put('transactions', { ...row, version: 1 })] })
  await expect(ours).rejects.toMatchObject({ kind: 'unavailable', outcome: 'not_applied' })
  await blocker.query('commit')
  blocker.release()
})

test('loads in spite of a connection that broke while it was idle', async () => {
  let killed = false
  const { pool } = recordingPool(database.pool(), async (_, client) => {
    if (killed) return
    killed = true
    await kill(client)
  })
  const storage = postgresStorage({ database: fromPool(pool) })
  expect(await read(storage, 'transactions', 'tx_none')).toBeUndefined()
  expect(killed).toBe(true)
})

test('does not lose connections of the pool to errors', async () => {
  const pool = database.pool({ max: 2 })
  const storage = postgresStorage({ database: fromPool(pool), recoveryDelays })
  const broken = { ...aStoredRow('refunds'), paymentId: 'tx_none' }
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const change = storage.commit({ id: 'ours', changes: [put('refunds', broken)] })
    await expect(change).rejects.toMatchObject({ kind: 'defect' })
  }
  expect(pool.waitingCount).toBe(0)
  expect(pool.idleCount).toBe(pool.totalCount)
})

test('runs nothing more on a connection whose statement the client stopped waiting for', async () => {
  const plain = postgresStorage({ database: fromPool(database.pool()) })
  const { row, commit } = changesOf()
  await plain.commit(commit)
  const blocker = await database.pool({ max: 1 }).connect()
  await blocker.query('begin')
  await blocker.query('select 1 from transactions where id = $1 for update', [row.id])
  const pool = database.pool({ max: 1, query_timeout: 100 })
  const storage = postgresStorage({ database: fromPool(pool), recoveryDelays: [1] })
  const ours = storage.commit({ id: 'ours', changes: [put('transactions', { ...row, version: 1 })] })
  await expect(ours).rejects.toMatchObject({ outcome: 'unknown' })
  // On the same connection this would wait behind the statement that still waits for the row.
  expect(await read(storage, 'transactions', row.id)).toMatchObject({ id: row.id })
  await blocker.query('commit')
  blocker.release()
})

test('takes no deadlock of the commit that is sent again for a conflict: the first one may still take effect', async () => {
  const { row, commit } = changesOf()
  const real = fromPool(database.pool())
  let sent = 0
  let late: Promise<unknown> | undefined
  const storage = postgresStorage({
    recoveryDelays,
    database: {
      ...real,
      async run(statement, values) {
        if (!statement.name.startsWith('florin_commit')) return real.run(statement, values)
        sent += 1
        if (sent === 1) throw new Error('its answer is not waited for any more')
        if (sent === 2) throw Object.assign(new Error('deadlock detected'), { code: '40P01', severity: 'ERROR' })
        // Only now Postgres comes to the first one.
        late ??= real.run(statement, values)
        await late
        return real.run(statement, values)
      },
    },
  })
  expect(await storage.commit(commit)).toBe('committed')
  expect(await read(storage, 'transactions', row.id)).toStrictEqual({ ...row, version: 1 })
  expect(sent).toBe(3)
})
