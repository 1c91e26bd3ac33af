import { sql } from 'kysely'
import { ask } from './ask.ts'
import type { AuditKey } from './audit-key.ts'
import type { AuditPlace } from './audit-seal.ts'
import { compile, slot } from './compile.ts'
import type { Database } from './database.ts'

/** Says that all rows of before a time were as sealed, and may be gone from now on. Verifying begins behind it. */
export interface AuditCheckpoint {
  readonly cutBefore: string
  /** The last seal that holds no row of after that time, with its head and its place. */
  readonly seq: number
  readonly head: string
  readonly upTo: AuditPlace
  readonly keyId: string
  readonly signature: string
}

type Told = Omit<AuditCheckpoint, 'keyId' | 'signature'>

/** What is signed. */
export const checkpointText = ({ cutBefore, seq, head, upTo }: Told): string =>
  `florin audit checkpoint ${cutBefore} ${seq} ${head} ${upTo.xact} ${upTo.id}`

/** A checkpoint of these things, signed. */
export const signedCheckpoint = (told: Told, key: AuditKey): AuditCheckpoint => ({
  ...told,
  keyId: key.id,
  signature: Buffer.from(key.sign(checkpointText(told))).toString('hex'),
})

const latest = compile<undefined>(
  'audit_checkpoint',
  sql`select json_build_array((extract(epoch from cut_before) * 1000)::bigint, seq, encode(head, 'hex'), xact, last_id,
    key_id, encode(signature, 'hex'))::text from audit_checkpoints order by cut_before desc limit 1`,
)

/** The checkpoint of the latest cut, undefined before the first. Whether its signature is genuine is not checked here. */
export async function latestCheckpoint(database: Database): Promise<AuditCheckpoint | undefined> {
  const [[json] = []] = await ask(database, latest, undefined)
  if (typeof json !== 'string') return undefined
  // True by construction: the statement made it.
  const [milliseconds, seq, head, xact, id, keyId, signature] = JSON.parse(json) as readonly [
    ...[number, number, string, number, string, string, string],
  ]
  const cutBefore = new Date(milliseconds).toISOString()
  return { cutBefore, seq, head, upTo: { xact, id }, keyId, signature }
}

const store = compile<AuditCheckpoint>(
  'store_checkpoint',
  sql`insert into audit_checkpoints (cut_before, seq, head, xact, last_id, key_id, signature, made_at) values (
    ${slot<AuditCheckpoint>(({ cutBefore }) => cutBefore)}, ${slot<AuditCheckpoint>(({ seq }) => seq)},
    decode(${slot<AuditCheckpoint>(({ head }) => head)}, 'hex'), ${slot<AuditCheckpoint>(({ upTo }) => upTo.xact)},
    ${slot<AuditCheckpoint>(({ upTo }) => upTo.id)}, ${slot<AuditCheckpoint>(({ keyId }) => keyId)},
    decode(${slot<AuditCheckpoint>(({ signature }) => signature)}, 'hex'), now()) on conflict do nothing`,
)

/** Keeps a checkpoint. The first one of a time stays, so that a cut that was broken off can be begun again. */
export const storeCheckpoint = async (database: Database, checkpoint: AuditCheckpoint): Promise<void> =>
  void (await ask(database, store, checkpoint))
