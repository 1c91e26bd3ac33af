import { expect, test } from 'vitest'
import { auditKey, detachAuditPartitions } from '../src/index.ts'
import { type AuditLog, auditLog, behindTheTriggers, freeLease, key, sealAll } from './audit-log.ts'

const inMonths = (months: number) => {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 5, 12)).toISOString()
}

// The first partition ends two months after the first of this one.
const older = inMonths(0)
const younger = inMonths(2)
const before = inMonths(2)

/** A log whose first partition is over, with seals that hold rows of both sides. */
async function twoPartitions() {
  const log = await auditLog()
  const old = await log.write(4, older)
  const young = await log.write(1, younger)
  const late = await log.write(1, older)
  const rest = await log.write(4, younger)
  await sealAll(log, log.sealer(3))
  return { log, old, young, late, rest }
}

const detach = (log: AuditLog, options: { before?: string } = {}) =>
  detachAuditPartitions({ database: log.database, key, keys: [key], before, ...options })

const attached = async ({ pool }: AuditLog) =>
  (await pool.query("select inhrelid::regclass::text as part from pg_inherits where inhparent = 'audit_log'::regclass"))
    .rows.length

test('detaches what is over after all was verified; verifying goes on behind a signed checkpoint', async () => {
  const { log, old, young, late } = await twoPartitions()
  const parts = await attached(log)
  const detached = await detach(log)
  expect(detached).toMatchObject({ outcome: 'detached', tables: [expect.stringMatching(/^audit_log_until_\d{8}$/)] })
  expect(await attached(log)).toBe(parts - 1)
  const [table] = detached.outcome === 'detached' ? detached.tables : []
  const kept = await log.pool.query(`select id from ${table}`)
  expect(kept.rows.map(({ id }) => id).sort()).toEqual([...old, ...late].sort())

  const verdict = await log.verify()
  expect(verdict).not.toHaveProperty('fault')
  // The second seal holds rows of both sides, so it is checked still.
  expect(verdict).toMatchObject({
    seals: 3,
    unsealed: { rows: 0 },
    cutBefore: expect.stringMatching(/-01T00:00:00.000Z$/),
  })
  await log.write(2, younger)
  await freeLease(log)
  await sealAll(log)
  expect(await log.verify()).not.toHaveProperty('fault')
  await behindTheTriggers(log.pool, `delete from audit_log where id = '${young[0]}'`)
  expect((await log.verify()).fault).toEqual({ fault: 'row_missing', rowId: young[0], seq: 2 })
})

test('looks only through what was sealed after the last checkpoint', async () => {
  const { log } = await twoPartitions()
  await detach(log)
  // Nobody reads what was cut off: not even what is no time at all.
  const seals = "update audit_seals set entries = '[[1, 2, 3]]' where seq <= (select max(seq) from audit_checkpoints)"
  await behindTheTriggers(log.pool, seals)
  await log.write(1, inMonths(3))
  await freeLease(log)
  await sealAll(log)
  const parts = await attached(log)
  expect(await detach(log, { before: inMonths(3) })).toMatchObject({ outcome: 'detached' })
  expect(await attached(log)).toBeLessThan(parts)
})

test('does nothing where nothing is that old, and can be asked again after it was broken off', async () => {
  const { log } = await twoPartitions()
  expect(await detach(log, { before: '2020-01-01T00:00:00.000Z' })).toEqual({ outcome: 'nothing_is_that_old' })
  // As if the process had died between the checkpoint and the partition.
  const parts = await attached(log)
  await log.pool.query(
    'create or replace function florin_detach_audit(before timestamptz) returns text language sql as $$ select null $$',
  )
  expect(await detach(log)).toMatchObject({ outcome: 'detached', tables: [] })
  expect(await attached(log)).toBe(parts)
  expect(await log.verify()).not.toHaveProperty('fault')
  expect(await detach(log)).toMatchObject({ outcome: 'detached', tables: [] })
})

test('takes nothing away that is not sealed, or where anything is not as it was', async () => {
  const { log, rest } = await twoPartitions()
  await log.write(1, older)
  expect(await detach(log)).toEqual({ outcome: 'not_sealed', rows: 1 })
  await freeLease(log)
  await sealAll(log)
  await behindTheTriggers(log.pool, `delete from audit_log where id = '${rest[3]}'`)
  expect(await detach(log)).toMatchObject({ outcome: 'faulty', verdict: { fault: { rowId: rest[3] } } })
  expect((await log.pool.query('select 1 from audit_checkpoints')).rows).toEqual([])
})

test.each([
  {
    what: 'a checkpoint that was taken out',
    statement: 'delete from audit_checkpoints',
    fault: { fault: 'row_missing', seq: 1 },
  },
  {
    what: 'a checkpoint that was moved on',
    statement: "update audit_checkpoints set cut_before = cut_before + interval '1 month'",
    fault: { fault: 'checkpoint_not_signed', seq: 1, keyId: key.id },
  },
  {
    what: 'a row put in among what was detached',
    statement: `insert into audit_log (id, version, created_at, updated_at, commit_id, actor_id, actor_roles, action, outcome, xact)
      values ('audit_000', 1, '2020-01-01', now(), 'commit', 'user_1', '[]', 'test', 'intended', 1)`,
    fault: { fault: 'row_inserted', rowId: 'audit_000', seq: 1 },
  },
])('names $what', async ({ statement, fault }) => {
  const { log } = await twoPartitions()
  await detach(log)
  await behindTheTriggers(log.pool, statement)
  expect((await log.verify()).fault).toMatchObject(fault)
})

test('a checkpoint of another key is none', async () => {
  const { log } = await twoPartitions()
  const other = auditKey(new Uint8Array(32).fill(9))
  await detachAuditPartitions({ database: log.database, key: other, keys: [key], before })
  expect((await log.verify()).fault).toMatchObject({ fault: 'checkpoint_not_signed', keyId: other.id })
})
