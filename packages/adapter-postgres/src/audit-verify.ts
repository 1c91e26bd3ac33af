import { sql } from 'kysely'
import { ask } from './ask.ts'
import { type AuditCheckpoint, checkpointText, latestCheckpoint } from './audit-checkpoint.ts'
import type { AuditPublicKey } from './audit-key.ts'
import {
  type AuditLine,
  type AuditPlace,
  type AuditSeal,
  auditLine,
  beginning,
  headOf,
  isSigned,
  noHead,
  readLines,
  readSeals,
  type SealedLine,
  sealJson,
  sealText,
} from './audit-seal.ts'
import { compile, slot } from './compile.ts'
import type { Database } from './database.ts'

/** The first thing in the audit log that is not as it was sealed. */
export type AuditFault =
  /** A row that was changed, taken out, or put in among what was sealed already. */
  | { readonly fault: 'row_altered' | 'row_missing' | 'row_inserted'; readonly rowId: string; readonly seq: number }
  /** A seal that says something else than its head, or that was taken out. */
  | { readonly fault: 'seal_altered' | 'seal_missing'; readonly seq: number }
  /** A seal or a checkpoint that none of the known keys signed. */
  | { readonly fault: 'seal_not_signed' | 'checkpoint_not_signed'; readonly seq: number; readonly keyId: string }
  /** The log is shorter than it was, or another one than the head that was kept outside says. */
  | { readonly fault: 'head_differs'; readonly seq: number }

/** What verifying came to. */
export interface AuditVerdict {
  readonly fault?: AuditFault
  /** What was checked, up to the fault. */
  readonly seals: number
  readonly rows: number
  /** Rows that no seal covers yet, and since when; `seal` covers them. */
  readonly unsealed: { readonly rows: number; readonly since: string | null }
  /** Before which time partitions were detached, by a signed checkpoint; they are not checked. */
  readonly cutBefore: string | null
  /** The last seal: keep it outside, for `expected` another time. */
  readonly last: { readonly seq: number; readonly head: string }
}

export interface VerifyAuditLog {
  readonly database: Database
  /** The keys that may have signed, retired ones among them. */
  readonly keys: readonly AuditPublicKey[]
  /** A seal that was told earlier, by a log line: it must still be there. */
  readonly expected?: { readonly seq: number; readonly head: string } | undefined
}

interface Reached {
  readonly seq: number
  readonly head: string
  readonly upTo: AuditPlace
}

/**
 * Checks every row and seal of the audit log, from the last checkpoint on, in the order in which they were sealed, and
 * names the first that is not as it was. Reads only; may run while the log is written and sealed.
 *
 * @throws `unavailable` storage_unavailable
 */
export async function verifyAuditLog({ database, keys, expected }: VerifyAuditLog): Promise<AuditVerdict> {
  const checkpoint = await latestCheckpoint(database)
  const counts = { seals: 0, rows: 0 }
  let reached: Reached = checkpoint ?? { seq: 0, head: noHead, upTo: beginning }
  let isMet = expected === undefined || expected.seq < reached.seq || isExpected(expected, reached)
  const verdict = async (fault?: AuditFault): Promise<AuditVerdict> => ({
    ...(fault && { fault }),
    ...counts,
    unsealed: await unsealedAfter(database, reached.upTo),
    cutBefore: checkpoint?.cutBefore ?? null,
    last: { seq: reached.seq, head: reached.head },
  })
  const cutFault = checkpoint && (await checkpointFault(database, checkpoint, keys))
  if (cutFault) return verdict(cutFault)
  for (;;) {
    const seals = await sealsAfter(database, reached.seq)
    if (seals.length === 0) break
    for (const seal of seals) {
      const fault = sealFault(seal, reached, keys) ?? (await rowFault(database, seal, reached.upTo, checkpoint))
      if (fault) return verdict(fault)
      counts.seals += 1
      counts.rows += seal.lines.length
      reached = seal
      if (expected && isExpected(expected, seal)) isMet = true
    }
  }
  return verdict(isMet || !expected ? undefined : { fault: 'head_differs', seq: expected.seq })
}

const isExpected = (expected: { seq: number; head: string }, { seq, head }: Reached) =>
  expected.seq === seq && expected.head === head

function sealFault(seal: AuditSeal, { seq, head }: Reached, keys: readonly AuditPublicKey[]): AuditFault | undefined {
  if (seal.seq !== seq + 1) return { fault: 'seal_missing', seq: seq + 1 }
  if (seal.previous !== head || headOf(seal) !== seal.head) return { fault: 'seal_altered', seq: seal.seq }
  if (isSigned(keys, seal.keyId, seal.signature, sealText(seal))) return undefined
  return { fault: 'seal_not_signed', seq: seal.seq, keyId: seal.keyId }
}

/** A checkpoint that is not genuine, or a row among what it says is no longer here. */
async function checkpointFault(
  database: Database,
  checkpoint: AuditCheckpoint,
  keys: readonly AuditPublicKey[],
): Promise<AuditFault | undefined> {
  const { seq, keyId, signature, upTo } = checkpoint
  if (!isSigned(keys, keyId, signature, checkpointText(checkpoint))) {
    return { fault: 'checkpoint_not_signed', seq, keyId }
  }
  const [[id] = []] = await ask(database, anyUpTo, { ...upTo, cutBefore: checkpoint.cutBefore })
  return typeof id === 'string' ? { fault: 'row_inserted', rowId: id, seq } : undefined
}

/** The first row of a seal that is not as it was, or that was not there. */
async function rowFault(
  database: Database,
  { seq, lines, upTo }: AuditSeal,
  after: AuditPlace,
  checkpoint: AuditCheckpoint | undefined,
): Promise<AuditFault | undefined> {
  const [[json] = []] = await ask(database, linesBetween, { after, upTo, limit: lines.length + 1 })
  const found = readLines(json)
  const here = new Set(found.map(({ id }) => id))
  const expected = new Set(lines.map(([id]) => id))
  let place = 0
  for (const sealed of lines) {
    const [id, createdAt] = sealed
    const line = found[place]
    // No seal knows it, or it stands beside the one with its id.
    if (line && !expected.has(line.id)) return { fault: 'row_inserted', rowId: line.id, seq }
    if (line && isSame(line, sealed)) {
      expected.delete(id)
      place += 1
      continue
    }
    if (line?.id === id) {
      const next = found[place + 1]
      return { fault: next && isSame(next, sealed) ? 'row_inserted' : 'row_altered', rowId: id, seq }
    }
    if (checkpoint && createdAt < checkpoint.cutBefore && !here.has(id)) continue
    const isMoved = here.has(id) || (await isElsewhere(database, id))
    return { fault: isMoved ? 'row_altered' : 'row_missing', rowId: id, seq }
  }
  const more = found[place]
  return more && { fault: 'row_inserted', rowId: more.id, seq }
}

const isSame = (line: AuditLine, [id, createdAt, hash]: SealedLine) =>
  line.id === id && line.hash === hash && line.createdAt === createdAt

const sealsFrom = compile<{ readonly seq: number }>(
  'seals_after',
  sql`select coalesce(json_agg(r.seal order by r.seq)::text, '[]') from (
    select ${sealJson} as seal, s.seq from audit_seals as s
    where s.seq > ${slot<{ readonly seq: number }>(({ seq }) => seq)}::bigint order by s.seq limit 20
  ) as r`,
)

async function sealsAfter(database: Database, seq: number): Promise<readonly AuditSeal[]> {
  const [[json] = []] = await ask(database, sealsFrom, { seq })
  return readSeals(json)
}

interface Between {
  readonly after: AuditPlace
  readonly upTo: AuditPlace
  readonly limit: number
}

const linesBetween = compile<Between>(
  'audit_lines',
  sql`select coalesce(json_agg(r.line order by r.xact, r.id)::text, '[]') from (
    select ${auditLine} as line, t.xact, t.id from audit_log as t where (t.xact, t.id) >
      (${slot<Between>(({ after }) => after.xact)}::bigint, ${slot<Between>(({ after }) => after.id)})
    and (t.xact, t.id) <=
      (${slot<Between>(({ upTo }) => upTo.xact)}::bigint, ${slot<Between>(({ upTo }) => upTo.id)})
    order by t.xact, t.id limit ${slot<Between>(({ limit }) => limit)}
  ) as r`,
)

const byId = compile<string>('audit_by_id', sql`select 1 from audit_log where id = ${slot<string>((id) => id)} limit 1`)

const isElsewhere = async (database: Database, id: string): Promise<boolean> =>
  (await ask(database, byId, id)).length > 0

const after = compile<AuditPlace>(
  'audit_unsealed',
  sql`select count(*)::text, (extract(epoch from min(created_at)) * 1000)::bigint::text from audit_log
    where (xact, id) > (${slot<AuditPlace>(({ xact }) => xact)}::bigint, ${slot<AuditPlace>(({ id }) => id)})`,
)

async function unsealedAfter(database: Database, place: AuditPlace): Promise<AuditVerdict['unsealed']> {
  const [[count, milliseconds] = []] = await ask(database, after, place)
  const since = typeof milliseconds === 'string' ? new Date(Number(milliseconds)).toISOString() : null
  return { rows: Number(count), since }
}

interface Cut extends AuditPlace {
  readonly cutBefore: string
}

/** A row up to a place. Where partitions that were cut still hang on the table, theirs do not count. */
const anyUpTo = compile<Cut>(
  'audit_up_to',
  sql`select id from audit_log as t
    where (t.xact, t.id) <= (${slot<Cut>(({ xact }) => xact)}::bigint, ${slot<Cut>(({ id }) => id)})
    and not (t.created_at < ${slot<Cut>(({ cutBefore }) => cutBefore)}::timestamptz and t.tableoid in (
      select c.oid from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
      where i.inhparent = 'audit_log'::regclass and c.relname ~ '_until_[0-9]{8}$'))
    order by t.xact, t.id limit 1`,
)
