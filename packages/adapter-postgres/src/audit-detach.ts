import { sql } from 'kysely'
import { ask } from './ask.ts'
import { signedCheckpoint, storeCheckpoint } from './audit-checkpoint.ts'
import type { AuditKey } from './audit-key.ts'
import { beginning, noHead } from './audit-seal.ts'
import { type AuditVerdict, type VerifyAuditLog, verifyAuditLog } from './audit-verify.ts'
import { compile, slot } from './compile.ts'
import type { Database } from './database.ts'

/** What detaching came to: tables that stand alone now, or why nothing was done. */
export type Detached =
  | { readonly outcome: 'detached'; readonly tables: readonly string[]; readonly cutBefore: string }
  | { readonly outcome: 'nothing_is_that_old' }
  /** The log is not as it was sealed: nothing of it is to be taken away before that is understood. */
  | { readonly outcome: 'faulty'; readonly verdict: AuditVerdict }
  /** Rows of before the time are not sealed yet, or stand in the default partition. */
  | { readonly outcome: 'not_sealed' | 'in_default_partition'; readonly rows: number }

/**
 * Detaches the partitions of the audit log of which all lies before a time, after everything was verified and a signed
 * checkpoint was stored, from which verifying then begins. The tables stay, for whoever keeps or drops them. Needs the
 * owner of the table. Where it was broken off, it is called again.
 *
 * @throws `unavailable` storage_unavailable · `defect` where the role is not the owner
 */
export async function detachAuditPartitions({
  before,
  key,
  ...verifying
}: VerifyAuditLog & { readonly before: string; readonly key: AuditKey }): Promise<Detached> {
  const { database } = verifying
  const [[end] = []] = await ask(database, latestEnd, before)
  if (typeof end !== 'string') return { outcome: 'nothing_is_that_old' }
  const cutBefore = new Date(Number(end)).toISOString()
  const verdict = await verifyAuditLog(verifying)
  if (verdict.fault) return { outcome: 'faulty', verdict }
  const [[unsealed, astray] = []] = await ask(database, leftBefore, cutBefore)
  if (Number(unsealed) > 0) return { outcome: 'not_sealed', rows: Number(unsealed) }
  if (Number(astray) > 0) return { outcome: 'in_default_partition', rows: Number(astray) }
  await storeCheckpoint(database, signedCheckpoint({ cutBefore, ...(await lastSealBefore(database, cutBefore)) }, key))
  const tables: string[] = []
  for (;;) {
    const [[name] = []] = await ask(database, detach, cutBefore)
    if (typeof name !== 'string') return { outcome: 'detached', tables, cutBefore }
    tables.push(name)
  }
}

const time = slot<string>((before) => before)
const end = sql`(to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC')`

const latestEnd = compile<string>(
  'audit_end',
  sql`select (extract(epoch from max(${end})) * 1000)::bigint::text from pg_inherits as i
    join pg_class as c on c.oid = i.inhrelid where i.inhparent = 'audit_log'::regclass
    and c.relname ~ '_until_[0-9]{8}$' and ${end} <= ${time}::timestamptz`,
)

const leftBefore = compile<string>(
  'audit_left',
  sql`select (select count(*)::text from audit_log where created_at < ${time}::timestamptz and (xact, id) >
      (select xact, last_id from (
        (select s.seq, s.xact, s.last_id from audit_seals as s order by s.seq desc limit 1)
        union all select 0, ${sql.lit(beginning.xact)}, '' order by 1 desc limit 1) as last)),
    (select count(*)::text from audit_log_default where created_at < ${time}::timestamptz)`,
)

// What was sealed up to the last checkpoint is all from before its time: it need not be looked through once more.
const lastBefore = compile<string>(
  'audit_last_before',
  sql`select json_build_array(s.seq, encode(s.head, 'hex'), s.xact, s.last_id)::text from audit_seals as s
    where s.seq < coalesce((select min(l.seq) from audit_seals as l
      where l.seq > coalesce((select max(c.seq) from audit_checkpoints as c), 0) and exists (
      select from jsonb_array_elements(l.entries) as e where (e ->> 1)::timestamptz >= ${time}::timestamptz
    )), 9223372036854775807) order by s.seq desc limit 1`,
)

async function lastSealBefore(database: Database, cutBefore: string) {
  const [[json] = []] = await ask(database, lastBefore, cutBefore)
  if (typeof json !== 'string') return { seq: 0, head: noHead, upTo: beginning }
  // True by construction: the statement made it.
  const [seq, head, xact, id] = JSON.parse(json) as readonly [number, string, number, string]
  return { seq, head, upTo: { xact, id } }
}

const detach = compile<string>('audit_detach', sql`select florin_detach_audit(${time}::timestamptz)`)
