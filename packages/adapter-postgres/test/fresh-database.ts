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

interface FreshOptions {
  /** Whether it gets Florin's tables. */
  readonly migrated?: boolean
  /** Another server than the one that the tests share. */
  readonly server?: string
}

/** Makes an empty database. */
export async function freshDatabase({
  migrated = true,
  server = inject('databaseUrl'),
}: FreshOptions = {}): Promise<FreshDatabase> {
  const name = `florin_${randomBytes(6).toString('hex')}`
  await asAdmin(server, `create database ${name} template template0`)
  const url = new URL(server)
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
      await asAdmin(server, `drop database ${name} with (force)`)
    },
  }
}

async function asAdmin(server: string, statement: string): Promise<void> {
  const admin = new Client({ connectionString: server })
  await admin.connect()
  try {
    await admin.query(statement)
  } finally {
    await admin.end()
  }
}
