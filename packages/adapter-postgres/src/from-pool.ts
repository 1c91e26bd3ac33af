import { UnavailableError } from '@florin/core'
import { PostgresDialect, type PostgresPool } from 'kysely'
import type { Database } from './database.ts'
import { isBrokenConnection, isForsakenConnection, isServerError } from './errors.ts'

/** The part of a client of `pg` that this package calls. */
export interface PgClient {
  query(query: {
    readonly name?: string
    readonly text: string
    readonly values: unknown[]
    readonly rowMode: 'array'
  }): Promise<{ readonly rows: unknown[][] }>
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
  release(destroy?: boolean): void
}

/** The part of a pool of `pg` that this package calls; migrations use it through Kysely. */
export interface PgPool extends Omit<PostgresPool, 'connect'> {
  connect(): Promise<PgClient & Awaited<ReturnType<PostgresPool['connect']>>>
  on(event: 'connect', listener: (client: PgClient) => void): unknown
}

export interface PoolOptions {
  /**
   * Prepares each statement once per connection and names it, which halves what it costs Postgres. Turn it off behind a
   * pooler in transaction mode that does not keep prepared statements (PgBouncer before 1.21, or without
   * `max_prepared_statements`). On unless said otherwise.
   */
  readonly preparedStatements?: boolean | undefined
}

/**
 * Runs Florin's storage on a pool of `pg`.
 *
 * The caller owns the pool: it ends it, and it must listen to the pool's `error` event, or an idle connection that
 * breaks ends the process. Set `connectionTimeoutMillis` on it (no connection in time is `unavailable`, nothing applied)
 * and `query_timeout`, after which the answer is not waited for any more. Set no `statement_timeout` on it where there may
 * be a pooler: `pg` asks for it at the start of a connection, and PgBouncer refuses connections that do. To end statements
 * in Postgres too, give it to the role: `alter role florin set statement_timeout = '12s'`, and less than `query_timeout`.
 */
export function fromPool(pool: PgPool, { preparedStatements = true }: PoolOptions = {}): Database {
  listenOnce(pool)
  return {
    async run({ name, text }, values) {
      const client = await pool.connect().catch((cause: unknown) => {
        throw new UnavailableError('storage_unavailable', 'no connection to Postgres', 'not_applied', { cause })
      })
      let broken = false
      // A connection that breaks while no statement runs on it tells so by an event, which ends the process if nobody
      // listens. The statement fails too, and that is what counts.
      const told = () => {
        broken = true
      }
      client.on('error', told)
      try {
        const query = { text, values: [...values], rowMode: 'array' as const }
        const { rows } = await client.query(preparedStatements ? { name, ...query } : query)
        return rows
      } catch (error) {
        broken ||= !isServerError(error) || isBrokenConnection(error) || isForsakenConnection(error)
        throw error
      } finally {
        client.off('error', told)
        client.release(broken)
      }
    },
    dialect: () => new PostgresDialect({ pool }),
  }
}

const listened = new WeakSet<PgPool>()

/** A server that is stopping may let a connection in and end it in one packet, before anybody has the client. */
function listenOnce(pool: PgPool): void {
  if (listened.has(pool)) return
  listened.add(pool)
  pool.on('connect', (client) => void client.on('error', () => undefined))
}
