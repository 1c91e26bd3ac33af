import { aStoredRow, commit, put } from '@florin/core/testing'
import { expect, test } from 'vitest'
import { auditKey, auditPublicKey, auditSealer, fromPool, postgresStorage } from '../src/index.ts'
import { type AuditLog, auditLog, behindTheTriggers, freeLease, key, sealAll } from './audit-log.ts'

const columns =
  'version, updated_at, commit_id, actor_id, actor_roles, action, object_id, operation_id, request_id, outcome, detail'

/** Each on a log of nine rows in three seals; `ids` in the order in which they were sealed. */
const tampering: readonly {
  readonly what: string
  readonly statement: (ids: readonly string[]) => string
  readonly fault: (ids: readonly string[]) => object
}[] = [
  ...[
    'outcome = $$forged$$',
    'actor_id = $$nobody$$',
    'detail = $${"amount":1}$$',
    'created_at = created_at + $$1 ms$$',
  ]
    .concat(
      'object_id = null',
      'version = 2',
      'xact = xact - 1',
      'xact = 0',
      'xact = xact + 1000000',
      'commit_id = $$c$$',
    )
    .map((change) => ({
      what: `a row with ${change}`,
      statement: (ids: readonly string[]) => `update audit_log set ${change} where id = '${ids[4]}'`,
      fault: (ids: readonly string[]) => ({ rowId: ids[4] }),
    })),
  ...[0, 2, 3, 4, 8].map((index) => ({
    what: `row ${index} taken out`,
    statement: (ids: readonly string[]) => `delete from audit_log where id = '${ids[index]}'`,
    fault: (ids: readonly string[]) => ({ fault: 'row_missing', rowId: ids[index], seq: Math.floor(index / 3) + 1 }),
  })),
  ...[
    { place: '(select min(xact) - 1 from audit_log)', seq: 1 },
    { place: '(select min(xact) from audit_log)', seq: 1 },
    { place: '(select max(xact) - 1 from audit_log)', seq: 3 },
  ].map(({ place, seq }) => ({
    what: `a row put in at ${place}`,
    statement: ([first]: readonly string[]) => `insert into audit_log (id, created_at, xact, ${columns})
      select 'audit_000', created_at, ${place}, ${columns} from audit_log where id = '${first}'`,
    fault: () => ({ fault: 'row_inserted', rowId: 'audit_000', seq }),
  })),
  ...[-1, 1].map((days) => ({
    what: `a row twice, with another time (${days})`,
    statement: (ids: readonly string[]) => `insert into audit_log (id, created_at, xact, ${columns})
      select id, created_at + interval '${days} days', xact, ${columns} from audit_log where id = '${ids[4]}'`,
    fault: (ids: readonly string[]) => ({ fault: 'row_inserted', rowId: ids[4], seq: 2 }),
  })),
  {
    what: 'two rows that changed places',
    statement: (ids) => `update audit_log set id = 'audit_0' where id = '${ids[3]}';
      update audit_log set id = '${ids[3]}' where id = '${ids[4]}';
      update audit_log set id = '${ids[4]}' where id = 'audit_0'`,
    fault: (ids) => ({ fault: 'row_altered', seq: 2, rowId: expect.stringMatching(new RegExp(`${ids[3]}|${ids[4]}`)) }),
  },
  {
    what: 'a seal that forgets a row together with the row',
    statement: (ids) => `with gone as (delete from audit_log where id = '${ids[4]}')
      update audit_seals set entries = entries - 1 where seq = 2`,
    fault: () => ({ fault: 'seal_altered', seq: 2 }),
  },
  ...[1, 2].map((seq) => ({
    what: `seal ${seq} taken out`,
    statement: () => `delete from audit_seals where seq = ${seq}`,
    fault: () => ({ fault: 'seal_missing', seq }),
  })),
  {
    what: 'a seal in the place of a later one',
    statement: () => `update audit_seals as s set entries = o.entries, xact = o.xact, last_id = o.last_id,
      previous = o.previous, head = o.head, signature = o.signature from audit_seals as o where s.seq = 3 and o.seq = 2`,
    fault: () => ({ fault: 'seal_altered', seq: 3 }),
  },
  {
    what: 'a signature that is another',
    statement: () =>
      `update audit_seals as s set signature = o.signature from audit_seals as o where s.seq = 3 and o.seq = 2`,
    fault: () => ({ fault: 'seal_not_signed', seq: 3, keyId: key.id }),
  },
  {
    what: 'a time of sealing that is another',
    statement: () => `update audit_seals set sealed_at = sealed_at - interval '1 day' where seq = 1`,
    fault: () => ({ fault: 'seal_altered', seq: 1 }),
  },
]

async function sealedLog() {
  const log = await auditLog()
  const ids = await log.write(9)
  await sealAll(log, log.sealer(3))
  return { log, ids }
}

const undo = (log: AuditLog) => behindTheTriggers(log.pool, 'truncate audit_log, audit_seals')

test('names exactly what a superuser changed who turned the triggers off', { timeout: 120_000 }, async () => {
  const log = await auditLog()
  for (const { what, statement, fault } of tampering) {
    const ids = await log.write(9)
    await sealAll(log, log.sealer(3))
    expect(await log.verify(), what).not.toHaveProperty('fault')
    await behindTheTriggers(log.pool, statement(ids))
    expect((await log.verify()).fault, what).toMatchObject(fault(ids))
    await undo(log)
    await freeLease(log)
  }
  expect(tampering.length).toBeGreaterThan(25)
})

test('names the first of several, and goes on naming it however much is sealed behind it', async () => {
  const { log, ids } = await sealedLog()
  await behindTheTriggers(log.pool, `delete from audit_log where id in ('${ids[7]}', '${ids[5]}')`)
  await log.write(3)
  await sealAll(log)
  expect((await log.verify()).fault).toEqual({ fault: 'row_missing', rowId: ids[5], seq: 2 })
})

test('a history that was written anew without the key is not signed', async () => {
  const { log } = await sealedLog()
  const { pool } = log
  await behindTheTriggers(pool, 'truncate audit_seals', "update audit_log set outcome = 'forged'")
  await freeLease(log)
  const other = auditKey(new Uint8Array(32).fill(9))
  await sealAll(log, auditSealer({ database: log.database, key: other }))
  expect((await log.verify()).fault).toEqual({ fault: 'seal_not_signed', seq: 1, keyId: other.id })
})

test('the public half of the key verifies, and does not sign', async () => {
  const signature = key.sign('text')
  const half = auditPublicKey(key.bytes)
  expect(half.id).toBe(key.id)
  expect(half.isSignatureOf(signature, 'text')).toBe(true)
  expect(half.isSignatureOf(signature, 'other')).toBe(false)
  expect(half).not.toHaveProperty('sign')
})

test.each(['audit_log', 'audit_seals', 'audit_checkpoints'])('refuses to change or empty %s', async (table) => {
  const { log } = await sealedLog()
  for (const statement of [`update ${table} set xact = 1`, `delete from ${table}`, `truncate ${table}`]) {
    await expect(log.pool.query(statement)).rejects.toThrow(`${table} is append-only`)
  }
})

test('refuses to change or empty a part of the log by its own name, parts that are made later among them', async () => {
  const { log, ids } = await sealedLog()
  const far = new Date(Date.now() + 300 * 24 * 3600_000).toISOString()
  await log.pool.query(
    "select florin_add_partition('audit_log', 'created_at', 'month', now() + interval '290 days', now() + interval '330 days')",
  )
  await log.write(1, far)
  const { rows } = await log.pool.query(
    "select inhrelid::regclass::text as part from pg_inherits where inhparent = 'audit_log'::regclass",
  )
  const filled = await log.pool.query('select distinct tableoid::regclass::text as part from audit_log')
  expect(filled.rows.length).toBe(2)
  for (const { part } of filled.rows) {
    expect(part).toMatch(/until_\d{8}$/)
    await expect(log.pool.query(`update ${part} set outcome = 'forged'`)).rejects.toThrow('append-only')
    await expect(log.pool.query(`delete from ${part}`)).rejects.toThrow('append-only')
  }
  expect(rows.length).toBeGreaterThan(6)
  for (const { part } of rows) await expect(log.pool.query(`truncate ${part}`)).rejects.toThrow('append-only')
  expect(ids).toHaveLength(9)
})

test('a role with all rights on the rows may append and read, and nothing else', async () => {
  const { log } = await sealedLog()
  const role = `app_${log.fresh.url.split('_').at(-1)}`
  await log.pool.query(`create role ${role}; grant all on all tables in schema public to ${role}`)
  const app = log.fresh.pool({ max: 1, options: `-c role=${role}` })
  for (const statement of ['update audit_log set xact = 1', 'delete from audit_seals', 'truncate audit_log']) {
    await expect(app.query(statement)).rejects.toThrow('append-only')
  }
  await expect(app.query('alter table audit_log disable trigger all')).rejects.toThrow('must be owner')
  await log.pool.query(`revoke update, delete on audit_log, audit_seals, audit_checkpoints from ${role}`)
  const database = fromPool(app)
  await commit(postgresStorage({ database }), put('audit_log', aStoredRow('audit_log')))
  await freeLease(log)
  expect(await auditSealer({ database, key }).seal()).toMatchObject({ rows: 1 })
  await expect(app.query('set session_replication_role = replica')).rejects.toThrow('permission denied')
  await app.end()
  await log.pool.query(`drop owned by ${role}; drop role ${role}`)
})
