import type { PgClient, PgPool } from '../src/index.ts'

/** A statement that was sent. */
export interface Sent {
  readonly name?: string
  readonly text: string
  readonly values: readonly unknown[]
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined

/** A pool that remembers what its clients were asked and the codes of what failed. `before` may make each statement wait or fail. */
export function recordingPool(pool: PgPool, before: (sent: Sent, client: PgClient) => Promise<void> = async () => {}) {
  const sent: Sent[] = []
  const failures: unknown[] = []
  const recording: PgPool = {
    ...pool,
    options: pool.options,
    end: () => pool.end(),
    on: (event, listener) => pool.on(event, listener),
    async connect() {
      const client = await pool.connect()
      // A copy that inherits everything else, so that the client itself goes back to the pool as it was.
      return Object.assign(Object.create(client) as typeof client, {
        async query(query: Sent & { values: unknown[]; rowMode: 'array' }) {
          sent.push(query)
          await before(query, client)
          return client.query(query).catch((error: unknown) => {
            failures.push(codeOf(error))
            throw error
          })
        },
        on: (event: 'error', listener: (error: Error) => void) => client.on(event, listener),
        off: (event: 'error', listener: (error: Error) => void) => client.off(event, listener),
        release: (destroy?: boolean) => client.release(destroy),
      })
    },
  }
  return { pool: recording, sent, failures }
}
