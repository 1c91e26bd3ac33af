import { randomBytes } from 'node:crypto'
import { Client, Pool, type PoolConfig } from 'pg'
import { inject, vi } from 'vitest'
import { fromPool, migrateToLatest } from '../src/index.ts'

// Databases are made and thrown away here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** A database of its own on the server that the tests share. */
export interface FreshDatabase {
  readonly url: string
  /** A pool that `close` ends. */
  pool(options?: PoolConfig): Pool
  close(): Promise<void>
}

/** Makes an empty database; `migrated` says whether it gets Florin's tables. */
export async function freshDatabase({ migrated = true }: { readonly migrated?: boolean } = {}): Promise<FreshDatabase> {
  const name = `florin_${randomBytes(6).toString('hex')}`
  await asAdmin(`create database ${name} template template0`)
  const url = new URL(inject('databaseUrl'))
  url.pathname = `/${name}`
  const pools: Pool[] = []
  const pool = (options: PoolConfig = {}) => {
    const made = new Pool({ connectionString: url.href, max: 10, ...options })
    made.on('error', () => {}) // some tests end connections on purpose
    pools.push(made)
    return made
  }
  if (migrated) await migrateToLatest(fromPool(pool({ max: 1 })))
  return {
    url: url.href,
    pool,
    async close() {
      await Promise.all(pools.filter((made) => !made.ended).map((made) => made.end()))
      await asAdmin(`drop database ${name} with (force)`)
    },
  }
}

async function asAdmin(statement: string): Promise<void> {
  const admin = new Client({ connectionString: inject('databaseUrl') })
  await admin.connect()
  try {
    await admin.query(statement)
  } finally {
    await admin.end()
  }
}
