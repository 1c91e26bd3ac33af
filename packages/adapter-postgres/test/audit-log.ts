import { aStoredRow, commit, put } from '@florin/core/testing'
import type { Pool } from 'pg'
import { afterAll, onTestFinished } from 'vitest'
import { startPostgres } from '../../../test/services/postgres.ts'
import { auditKey, auditSealer, fromPool, postgresStorage, verifyAuditLog } from '../src/index.ts'
import { freshDatabase } from './fresh-database.ts'

// What is sealed waits for every transaction of the server's, so those of other tests must not be among them.
const server = startPostgres()
afterAll(async () => (await server).stop())

export const key = auditKey(new Uint8Array(32).fill(1))

/** A database of its own with an audit log, and what writes, seals and verifies it. */
export async function auditLog() {
  const fresh = await freshDatabase({ server: (await server).url })
  onTestFinished(fresh.close)
  const pool = fresh.pool({ max: 20 })
  const database = fromPool(pool)
  const storage = postgresStorage({ database })
  return {
    ...{ fresh, pool, database, storage },
    sealer: (batch = 3) => auditSealer({ database, key, batch }),
    verify: (expected?: { seq: number; head: string }) =>
      verifyAuditLog({ database, keys: [key], ...(expected && { expected }) }),
    /** Writes lines one after the other; answers their ids. */
    async write(count: number, createdAt = new Date().toISOString()): Promise<string[]> {
      const lines = Array.from({ length: count }, () => aStoredRow('audit_log', { createdAt }))
      for (const line of lines) await commit(storage, put('audit_log', line))
      return lines.map(({ id }) => id)
    },
  }
}

export type AuditLog = Awaited<ReturnType<typeof auditLog>>

/** Seals until nothing is left to seal; answers what was told of the last seal. */
export async function sealAll(log: AuditLog, sealer = log.sealer()) {
  let last = await sealer.seal()
  for (let next = last; next; next = await sealer.seal()) last = next
  return last
}

/** Does what only a superuser can who turns the triggers off. */
export async function behindTheTriggers(pool: Pool, ...statements: readonly string[]): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin; set local session_replication_role = replica')
    for (const statement of statements) await client.query(statement)
    await client.query('commit')
  } finally {
    client.release()
  }
}

/** Lets another sealer go on, as if the one before had died some time ago. */
export const freeLease = ({ pool }: AuditLog) =>
  pool.query("update leases set expires_at = now() - interval '1 second' where id = 'audit:seal'")
