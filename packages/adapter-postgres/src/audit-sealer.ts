import { randomUUID } from 'node:crypto'
import { DefectError } from '@florin/core'
import { sql } from 'kysely'
import { ask } from './ask.ts'
import type { AuditKey } from './audit-key.ts'
import {
  type AuditLine,
  type AuditPlace,
  type AuditSeal,
  auditLine,
  beginning,
  headOf,
  noHead,
  readLines,
  readSeals,
  sealJson,
  sealText,
} from './audit-seal.ts'
import { compile, slot } from './compile.ts'
import type { Database } from './database.ts'

/** What was sealed: a log line of it lets anybody notice later that the database went back. */
export interface Sealed extends Pick<AuditSeal, 'seq' | 'head' | 'keyId' | 'signature'> {
  readonly rows: number
  /** Whether there is more to seal at once. */
  readonly isMore: boolean
}

export interface AuditSealer {
  /**
   * Seals what was written since the last seal, a thousand rows at most: those of transactions below the oldest one that
   * still runs, so that whatever commits later comes later. Undefined where there is nothing, or somebody else is at it.
   *
   * @throws `defect` where the seals are not those that this process saw before, or the log was restored from a dump
   * @throws `unavailable` storage_unavailable
   */
  seal(): Promise<Sealed | undefined>
}

/** Seals the audit log, one process at a time. Rows are never touched: seals lie in a table of their own. */
export function auditSealer({
  database,
  key,
  batch = 1000,
}: {
  readonly database: Database
  readonly key: AuditKey
  readonly batch?: number | undefined
}): AuditSealer {
  const holder = randomUUID()
  let known = { seq: 0, head: noHead }
  return {
    async seal() {
      if ((await ask(database, takeLease, holder)).length === 0) return undefined
      const last = await lastSeal(database, known)
      if (last) known = last
      const { lines, horizon } = await unsealed(database, last?.upTo ?? beginning, batch)
      if (last && horizon <= last.upTo.xact) {
        throw new DefectError('the audit log was restored into another server: run florin audit rebase')
      }
      if (lines.length === 0) return undefined
      const seal = sealOf(last, lines, key)
      if ((await ask(database, storeSeal, seal)).length === 0) return undefined
      known = seal
      const { seq, head, keyId, signature } = seal
      return { ...{ seq, head, keyId, signature }, rows: lines.length, isMore: lines.length === batch }
    },
  }
}

function sealOf(last: AuditSeal | undefined, lines: readonly AuditLine[], key: AuditKey): AuditSeal {
  const { xact, id } = lines.at(-1) ?? beginning
  const told = {
    seq: (last?.seq ?? 0) + 1,
    sealedAt: new Date().toISOString(),
    upTo: { xact, id },
    lines: lines.map((line) => [line.id, line.createdAt, line.hash] as const),
    previous: last?.head ?? noHead,
  }
  const head = headOf(told)
  const signature = Buffer.from(key.sign(sealText({ ...told, head }))).toString('hex')
  return { ...told, head, keyId: key.id, signature }
}

// Long enough for a batch; who dies holds the others up for no longer. By the database's clock, the same for all.
const takeLease = compile<string>(
  'seal_lease',
  sql`insert into leases as l (id, version, created_at, updated_at, commit_id, operation_id, expires_at)
    values ('audit:seal', 1, now(), now(), ${slot<string>((holder) => holder)}, ${slot<string>((holder) => holder)},
      now() + interval '30 seconds')
    on conflict (id) do update set version = l.version + 1, updated_at = now(), commit_id = excluded.commit_id,
      operation_id = excluded.operation_id, expires_at = excluded.expires_at
    where l.operation_id = excluded.operation_id or l.expires_at < now() returning 1`,
)

const sealsAt = compile<{ readonly seq: number }>(
  'seals',
  sql`select coalesce(json_agg(${sealJson} order by s.seq)::text, '[]') from audit_seals as s
    where s.seq in (select max(seq) from audit_seals) or s.seq = ${slot<{ readonly seq: number }>(({ seq }) => seq)}`,
)

/** The last seal; those that this process saw before must still be there as they were. */
async function lastSeal(
  database: Database,
  known: { readonly seq: number; readonly head: string },
): Promise<AuditSeal | undefined> {
  const [[json] = []] = await ask(database, sealsAt, known)
  const seals = readSeals(json)
  const same = seals.find(({ seq }) => seq === known.seq)
  if (known.seq > 0 && same?.head !== known.head) {
    throw new DefectError(`seal ${known.seq} of the audit log is not the one that was there before: ${known.head}`)
  }
  return seals.at(-1)
}

interface After extends AuditPlace {
  readonly limit: number
}

const unsealedLines = compile<After>(
  'unsealed',
  sql`select coalesce(json_agg(r.line order by r.xact, r.id)::text, '[]'), florin_audit_horizon()::text from (
    select ${auditLine} as line, t.xact, t.id from audit_log as t
    where (t.xact, t.id) > (${slot<After>(({ xact }) => xact)}::bigint, ${slot<After>(({ id }) => id)})
    and t.xact < florin_audit_horizon() order by t.xact, t.id limit ${slot<After>(({ limit }) => limit)}
  ) as r`,
)

async function unsealed(database: Database, after: AuditPlace, limit: number) {
  const [[json, horizon] = []] = await ask(database, unsealedLines, { ...after, limit })
  return { lines: readLines(json), horizon: Number(horizon) }
}

const hex = (read: (seal: AuditSeal) => string) => sql`decode(${slot<AuditSeal>(read)}, 'hex')`

const storeSeal = compile<AuditSeal>(
  'store_seal',
  sql`insert into audit_seals (seq, sealed_at, xact, last_id, entries, previous, head, key_id, signature)
    values (${slot<AuditSeal>(({ seq }) => seq)}, ${slot<AuditSeal>(({ sealedAt }) => sealedAt)},
      ${slot<AuditSeal>(({ upTo }) => upTo.xact)}, ${slot<AuditSeal>(({ upTo }) => upTo.id)},
      ${slot<AuditSeal>(({ lines }) => JSON.stringify(lines))}, ${hex(({ previous }) => previous)},
      ${hex(({ head }) => head)}, ${slot<AuditSeal>(({ keyId }) => keyId)}, ${hex(({ signature }) => signature)})
    on conflict do nothing returning 1`,
)
