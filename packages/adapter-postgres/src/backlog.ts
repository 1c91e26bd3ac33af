import type { Database } from './database.ts'

/** What waits, and how long the oldest of it has waited, in seconds; 0 where nothing waits. */
export interface Backlog {
  /** Operations whose outcome is not known yet. Counts go to 10,000 at most, so that reading them stays cheap. */
  readonly openOperations: number
  readonly oldestOperationSeconds: number
  /** Domain events that nobody took yet. */
  readonly pendingEvents: number
  readonly oldestEventSeconds: number
  /** Domain events that were given up. Not those that have nothing left to tell, since their user was erased. */
  readonly deadEvents: number
  /** Webhook events that are stored and could not be applied. */
  readonly failedWebhooks: number
  readonly oldestWebhookSeconds: number
  /** Users whose erasure has begun and not come to its end. */
  readonly openErasures: number
  readonly oldestErasureSeconds: number
}

const MOST = 10_000

const count = (table: string, isWaiting: string) =>
  `(select count(*)::int from (select from ${table} where ${isWaiting} limit ${MOST}) as found)`
const age = (table: string, isWaiting: string, since = 'created_at') =>
  `(select coalesce(greatest(0, extract(epoch from $1::timestamptz - min(${since}))), 0)::float8
    from ${table} where ${isWaiting})`

// As the partial indexes have it.
const isOpen = "status = 'open'"
const isPending = "status = 'pending'"
const isDead = "status = 'dead' and data is not null"
const isFailed = "status = 'failed'"
const isErasing = 'due_at is not null and closed_at is not null'

const statement = {
  name: 'florin_backlog',
  text: `select ${[
    ...[count('operations', isOpen), age('operations', isOpen)],
    ...[count('outbox', isPending), age('outbox', isPending), count('outbox', isDead)],
    ...[count('webhook_events', isFailed), age('webhook_events', isFailed)],
    ...[count('data_keys', isErasing), age('data_keys', isErasing, 'closed_at')],
  ].join(', ')}`,
}

/** Reads what waits by one statement over small indexes, for metrics and for people. `at` is the time that it is now. */
export async function readBacklog(database: Database, at: Date): Promise<Backlog> {
  const [cells = []] = await database.run(statement, [at.toISOString()])
  const numbers = cells.map(Number)
  const [openOperations = 0, oldestOperationSeconds = 0, pendingEvents = 0, oldestEventSeconds = 0] = numbers
  const [deadEvents = 0, failedWebhooks = 0, oldestWebhookSeconds = 0] = numbers.slice(4)
  const [openErasures = 0, oldestErasureSeconds = 0] = numbers.slice(7)
  return {
    ...{ openOperations, oldestOperationSeconds, pendingEvents, oldestEventSeconds },
    ...{ deadEvents, failedWebhooks, oldestWebhookSeconds, openErasures, oldestErasureSeconds },
  }
}
