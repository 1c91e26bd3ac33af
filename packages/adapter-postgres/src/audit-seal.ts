import { createHash } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { AuditPublicKey } from './audit-key.ts'

/** Where a row stands in the log: in the order of transactions, and in one by the ids. */
export interface AuditPlace {
  readonly xact: number
  readonly id: string
}

/** A row of the log as it is now. */
export interface AuditLine extends AuditPlace {
  readonly createdAt: string
  /** SHA-256 of all that is in it. */
  readonly hash: string
}

/** What a seal knows of a row. */
export type SealedLine = readonly [id: string, createdAt: string, hash: string]

/** What was in the log, from the seal before up to a place. Bytes are written in hex. */
export interface AuditSeal {
  readonly seq: number
  readonly sealedAt: string
  /** The place of its last row. */
  readonly upTo: AuditPlace
  readonly lines: readonly SealedLine[]
  /** The head of the seal before; zeros in the first one. */
  readonly previous: string
  /** SHA-256 of all of the above, and so of everything that was ever sealed. */
  readonly head: string
  readonly keyId: string
  readonly signature: string
}

/** The head that stands before the first seal, and where the log begins. */
export const noHead = '0'.repeat(64)
export const beginning: AuditPlace = { xact: -1, id: '' }

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The head of a seal, from what it says. Times, ids and hashes hold no blanks and no line breaks. */
export function headOf({
  seq,
  sealedAt,
  upTo,
  lines,
  previous,
}: Omit<AuditSeal, 'head' | 'keyId' | 'signature'>): string {
  const told = [`florin audit seal ${seq}`, previous, sealedAt, `${upTo.xact} ${upTo.id}`]
  return sha256([...told, ...lines.map((line) => line.join(' '))].join('\n'))
}

/** What is signed: the log lines of the server hold all of it. */
export const sealText = ({ seq, head }: Pick<AuditSeal, 'seq' | 'head'>): string => `florin audit seal ${seq} ${head}`

/** Whether a text was signed by the key that is named. A key that is not among those known signs nothing. */
export const isSigned = (keys: readonly AuditPublicKey[], keyId: string, signature: string, text: string): boolean =>
  keys.some((key) => key.id === keyId && key.isSignatureOf(Buffer.from(signature, 'hex'), text))

/**
 * A row as a JSON list `[id, xact, milliseconds, text]`, where the text holds every column of the row `t`, written in the
 * same way whatever the session's settings are. It is what was hashed: a new column needs a new kind of seal.
 */
export const auditLine: RawBuilder<unknown> = sql`json_build_array(t.id, t.xact,
  (extract(epoch from t.created_at) * 1000)::bigint, jsonb_build_array(t.id, t.version, extract(epoch from t.created_at),
  extract(epoch from t.updated_at), t.commit_id, t.xact, t.actor_id, t.actor_roles, t.action, t.object_id,
  t.operation_id, t.request_id, t.outcome, t.detail)::text)`

/** Reads a JSON list of what {@link auditLine} made. */
export function readLines(json: unknown): readonly AuditLine[] {
  // True by construction: the statement made it.
  const lines = JSON.parse(String(json)) as readonly [string, number, number, string][]
  return lines.map(([id, xact, milliseconds, text]) => ({
    ...{ id, xact, hash: sha256(text) },
    createdAt: new Date(milliseconds).toISOString(),
  }))
}

/** A seal as a JSON list, from the row `s`. */
export const sealJson: RawBuilder<unknown> = sql`json_build_array(s.seq, (extract(epoch from s.sealed_at) * 1000)::bigint,
  s.xact, s.last_id, s.entries, encode(s.previous, 'hex'), encode(s.head, 'hex'), s.key_id, encode(s.signature, 'hex'))`

/** Reads a JSON list of what {@link sealJson} made. */
export function readSeals(json: unknown): readonly AuditSeal[] {
  // True by construction, unless somebody wrote the column by hand: then its head does not fit.
  const seals = JSON.parse(String(json)) as readonly [
    ...[number, number, number, string, readonly SealedLine[], string, string, string, string],
  ][]
  return seals.map(([seq, milliseconds, xact, id, lines, previous, head, keyId, signature]) => ({
    ...{ seq, lines, previous, head, keyId, signature },
    sealedAt: new Date(milliseconds).toISOString(),
    upTo: { xact, id },
  }))
}
