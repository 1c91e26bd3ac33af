import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Pool } from 'pg'
import { makeFolder } from '../test/services/child.ts'
import { freePort } from '../test/services/port.ts'
import { startPostgres } from '../test/services/postgres.ts'
import { startRedis } from '../test/services/redis.ts'
import { parentOf } from './cpu.ts'
import { type LoadProcess, startLoadProcess } from './load/load.ts'
import { startProgram } from './program.ts'

/** The servers that all contestants share. */
export interface World {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly stripePort: number
  /** Postgres's first process; 0 where it runs elsewhere. */
  readonly postmaster: number
  readonly load: LoadProcess
  /** For what servers print, and whatever else is of this run only. */
  readonly folder: string
  /** A database of its own, empty. */
  createDatabase(name: string): Promise<{ readonly url: string; readonly pool: Pool }>
  /** How many calls the stub of Stripe has had until now. */
  gatewayCalls(): Promise<number>
  /** Where servers write profiles of their processors' time; nowhere where absent. */
  readonly profiles: string | undefined
  /** Versions of what runs, for the report. */
  readonly versions: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** A file beside this one. */
export const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * Starts PostgreSQL with its own durability, Redis, the stub of Stripe and the process that sends.
 *
 * One setting differs from what Postgres ships: checkpoints are made between measurements and never within one.
 */
export async function openWorld({ profiles }: { profiles?: string | undefined } = {}): Promise<World> {
  const folder = makeFolder('bench', undefined)
  const logs = join(folder.path, 'logs')
  mkdirSync(logs)
  const [postgres, redis, stripePort] = await Promise.all([startPostgres({ durable: true }), startRedis(), freePort()])
  const admin = new Pool({ connectionString: postgres.url, max: 1 })
  await admin.query("alter system set max_wal_size = '4GB'")
  await admin.query("alter system set checkpoint_timeout = '30min'")
  await admin.query('select pg_reload_conf()')
  const { rows } = await admin.query(
    "select pg_backend_pid() as pid, current_setting('server_version') as version, current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit') as durable",
  )
  const stub = await startProgram({
    ...{ file: here('servers/stripe-stub.ts'), env: {}, port: stripePort, folder: folder.path },
    output: join(logs, 'stripe-stub'),
  })
  const load = startLoadProcess()
  const pools: Pool[] = []
  return {
    ...{ databaseUrl: postgres.url, redisUrl: redis.url, stripePort, load, folder: folder.path, profiles },
    postmaster: parentOf(rows[0].pid) ?? 0,
    versions: { node: process.version, postgres: `${rows[0].version} (fsync ${rows[0].durable})` },
    async createDatabase(name) {
      const its = `${name}_${pools.length}`
      await admin.query(`create database ${its} template template0`)
      const url = new URL(postgres.url)
      url.pathname = `/${its}`
      const pool = new Pool({ connectionString: url.href, max: 4 })
      pools.push(pool)
      return { url: url.href, pool }
    },
    async gatewayCalls() {
      const calls = (await (await fetch(`http://127.0.0.1:${stripePort}/calls`)).json()) as Record<string, number>
      return Object.values(calls).reduce((sum, count) => sum + count, 0)
    },
    async stop() {
      await Promise.all([load.stop(), stub.stop(), ...pools.map((pool) => pool.end()), admin.end()])
      await Promise.all([postgres.stop(), redis.stop()])
      folder.remove()
    },
  }
}
