import { PGlite } from '@electric-sql/pglite'
import { aStoredRow, commit, put } from '@florin/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { auditKey, auditSealer, fromPglite, migrateToLatest, postgresStorage, verifyAuditLog } from '../src/index.ts'
import { auditLog, behindTheTriggers, freeLease, key, sealAll } from './audit-log.ts'

test('seals what was written, in steps, and tells what is not sealed yet', async () => {
  const log = await auditLog()
  const sealer = log.sealer(3)
  expect(await sealer.seal()).toBeUndefined()
  await log.write(4)
  expect(await sealer.seal()).toMatchObject({ seq: 1, rows: 3, isMore: true, keyId: key.id })
  expect(await sealer.seal()).toMatchObject({ seq: 2, rows: 1, isMore: false })
  const createdAt = new Date().toISOString()
  await log.write(2, createdAt)
  const verdict = await log.verify()
  expect(verdict).toMatchObject({ seals: 2, rows: 4, unsealed: { rows: 2, since: createdAt }, cutBefore: null })
  expect(verdict).not.toHaveProperty('fault')
  await sealer.seal()
  expect(await log.verify()).toMatchObject({ seals: 3, rows: 6, unsealed: { rows: 0, since: null } })
})

test('what a long transaction wrote comes after it, and leaves no hole', async () => {
  const log = await auditLog()
  const long = await log.pool.connect()
  const write = `insert into audit_log (id, version, created_at, updated_at, commit_id, actor_id, actor_roles, action, outcome)
    values ('audit_long', 1, now(), now(), 'commit', 'user_1', '[]', 'test', 'intended')`
  await log.write(2)
  await long.query('begin')
  await long.query(write)
  await log.write(3)
  const sealer = log.sealer(10)
  // What began after it may not be sealed before it has ended.
  expect(await sealer.seal()).toMatchObject({ rows: 2 })
  expect(await sealer.seal()).toBeUndefined()
  await long.query('commit')
  long.release()
  expect(await sealer.seal()).toMatchObject({ rows: 4 })
  expect(await log.verify()).toMatchObject({ rows: 6, unsealed: { rows: 0 } })
  expect(await log.verify()).not.toHaveProperty('fault')
})

test('without the rule about running transactions, a late commit would be a row that nobody sealed', async () => {
  const log = await auditLog()
  await log.pool.query(
    "create or replace function florin_audit_horizon() returns bigint language sql stable as 'select 9223372036854775807'",
  )
  const long = await log.pool.connect()
  await long.query('begin')
  await long.query(`insert into audit_log (id, version, created_at, updated_at, commit_id, actor_id, actor_roles, action, outcome)
    values ('audit_long', 1, now(), now(), 'commit', 'user_1', '[]', 'test', 'intended')`)
  await log.write(3)
  await sealAll(log)
  await long.query('commit')
  long.release()
  await sealAll(log)
  expect((await log.verify()).fault).toEqual({ fault: 'row_inserted', rowId: 'audit_long', seq: 1 })
})

test('seals every row once while many write, some for long, some in vain, and several seal', {
  timeout: 60_000,
}, async () => {
  const log = await auditLog()
  let writing = true
  const writers = Array.from({ length: 8 }, async (_, worker) => {
    for (let round = 0; round < 15; round += 1) {
      const client = await log.pool.connect()
      await client.query('begin')
      for (let line = 0; line < 3; line += 1) {
        await client.query(
          `insert into audit_log (id, version, created_at, updated_at, commit_id, actor_id, actor_roles, action, outcome)
           values ($1, 1, now(), now(), 'commit', 'user_1', '[]', 'test', 'intended')`,
          [`audit_${worker}_${round}_${line}`],
        )
        await new Promise((resolve) => setTimeout(resolve, Math.random() * (worker === 0 ? 60 : 5)))
      }
      await client.query(round % 5 === 4 ? 'rollback' : 'commit')
      client.release()
    }
  })
  const sealers = [log.sealer(7), log.sealer(7)].map(async (sealer) => {
    while (writing) {
      await sealer.seal()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })
  await Promise.all(writers)
  writing = false
  await Promise.all(sealers)
  // Whoever has the lease goes on.
  await freeLease(log)
  await sealAll(log)
  const verdict = await log.verify()
  expect(verdict).toMatchObject({ rows: 8 * 12 * 3, unsealed: { rows: 0 } })
  expect(verdict).not.toHaveProperty('fault')
})

test('lets one process seal at a time, and another one after it has died', async () => {
  const log = await auditLog()
  const [first, second] = [log.sealer(1), log.sealer(1)]
  await log.write(3)
  expect(await first.seal()).toMatchObject({ seq: 1 })
  expect(await second.seal()).toBeUndefined()
  await freeLease(log)
  expect(await second.seal()).toMatchObject({ seq: 2 })
  expect(await first.seal()).toBeUndefined()
})

test('refuses to go on where seals that it saw are gone, or are others', async () => {
  const log = await auditLog()
  const sealer = log.sealer(1)
  await log.write(3)
  const last = await sealAll(log, sealer)
  await behindTheTriggers(
    log.pool,
    'delete from audit_seals where seq = 3',
    'delete from audit_log where xact = (select max(xact) from audit_log)',
  )
  // What is left fits together: only who kept the head can tell.
  expect(await log.verify()).not.toHaveProperty('fault')
  await expect(sealer.seal()).rejects.toMatchObject({
    kind: 'defect',
    message: expect.stringContaining(last?.head ?? ''),
  })
  const expected = { seq: last?.seq ?? 0, head: last?.head ?? '' }
  expect((await log.verify(expected)).fault).toEqual({ fault: 'head_differs', seq: 3 })
  const [first] = await log.pool
    .query("select encode(head, 'hex') as head from audit_seals where seq = 1")
    .then((r) => r.rows)
  expect(await log.verify({ seq: 1, head: first.head })).not.toHaveProperty('fault')
  expect((await log.verify({ seq: 1, head: expected.head })).fault).toEqual({ fault: 'head_differs', seq: 1 })
})

test('goes on after the log was restored into a server that counts from an earlier number', async () => {
  const log = await auditLog()
  const count = (ahead: number) =>
    log.pool.query(`
      create or replace function florin_audit_xact() returns bigint language sql volatile as
        'select pg_current_xact_id()::text::bigint + ${ahead}';
      create or replace function florin_audit_horizon() returns bigint language sql stable as
        'select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + ${ahead}'`)
  await count(1_000_000)
  await log.write(2)
  await sealAll(log)
  await log.write(2)
  await count(0)
  await freeLease(log)
  await expect(log.sealer().seal()).rejects.toThrow('run florin audit rebase')
  await log.pool.query('select florin_rebase_audit()')
  await log.write(2)
  await freeLease(log)
  await sealAll(log)
  expect(await log.verify()).toMatchObject({ rows: 6, unsealed: { rows: 0 } })
  const { rows } = await log.pool.query('select florin_rebase_audit() as ahead')
  expect(rows).toEqual([{ ahead: null }])
})

test('seals and verifies on PGlite too', async () => {
  const pglite = await PGlite.create()
  onTestFinished(() => pglite.close())
  const database = fromPglite(pglite)
  await migrateToLatest(database)
  const storage = postgresStorage({ database })
  const line = aStoredRow('audit_log')
  await commit(storage, put('audit_log', line))
  expect(await auditSealer({ database, key }).seal()).toMatchObject({ seq: 1, rows: 1 })
  const verify = () => verifyAuditLog({ database, keys: [key] })
  expect(await verify()).toMatchObject({ rows: 1, unsealed: { rows: 0 } })
  await pglite.exec("set session_replication_role = replica; update audit_log set outcome = 'forged'")
  expect((await verify()).fault).toEqual({ fault: 'row_altered', rowId: line.id, seq: 1 })
})

test('seals go on under a new key; the old one verifies what it signed', async () => {
  const log = await auditLog()
  await log.write(1)
  await sealAll(log)
  const next = auditKey(new Uint8Array(32).fill(2))
  await freeLease(log)
  await log.write(1)
  await auditSealer({ database: log.database, key: next }).seal()
  expect(await verifyAuditLog({ database: log.database, keys: [key, next] })).not.toHaveProperty('fault')
  expect((await log.verify()).fault).toEqual({ fault: 'seal_not_signed', seq: 2, keyId: next.id })
})
