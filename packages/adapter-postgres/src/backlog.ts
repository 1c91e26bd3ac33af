import type { Database } from './database.ts'

/** What waits, and how long the oldest of it has waited, in seconds; 0 where nothing waits. */
export interface Backlog {
  /** Operations whose outcome is not known yet. Counts go to 10,000 at most, so that reading them stays cheap. */
  readonly openOperations: number
  readonly oldestOperationSeconds: number
  /** Domain events that nobody took yet. */
  readonly pendingEvents: number
  readonly oldestEventSeconds: number
  /** Domain events that were given up. */
  readonly deadEvents: number
  /** Webhook events that are stored and could not be applied. */
  readonly failedWebhooks: number
  readonly oldestWebhookSeconds: number
}

const MOST = 10_000

const count = (table: string, status: string) =>
  `(select count(*)::int from (select from ${table} where status = '${status}' limit ${MOST}) as found)`
const age = (table: string, status: string) =>
  `(select coalesce(greatest(0, extract(epoch from $1::timestamptz - min(created_at))), 0)::float8
    from ${table} where status = '${status}')`

const statement = {
  name: 'florin_backlog',
  text: `select ${[
    ...[count('operations', 'open'), age('operations', 'open')],
    ...[count('outbox', 'pending'), age('outbox', 'pending'), count('outbox', 'dead')],
    ...[count('webhook_events', 'failed'), age('webhook_events', 'failed')],
  ].join(', ')}`,
}

/** Reads what waits by one statement over small indexes, for metrics and for people. `at` is the time that it is now. */
export async function readBacklog(database: Database, at: Date): Promise<Backlog> {
  const [cells = []] = await database.run(statement, [at.toISOString()])
  const [openOperations, oldestOperation, pendingEvents, oldestEvent, deadEvents, failedWebhooks, oldestWebhook] =
    cells.map(Number)
  return {
    openOperations: openOperations ?? 0,
    oldestOperationSeconds: oldestOperation ?? 0,
    pendingEvents: pendingEvents ?? 0,
    oldestEventSeconds: oldestEvent ?? 0,
    deadEvents: deadEvents ?? 0,
    failedWebhooks: failedWebhooks ?? 0,
    oldestWebhookSeconds: oldestWebhook ?? 0,
  }
}
