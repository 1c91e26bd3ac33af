import { type Backlog, type Database, readBacklog } from '@florin/adapter-postgres'
import { Gauge } from 'prom-client'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'

/** However often it is scraped, and by however many. */
const GOOD_FOR_MS = 5000
/** A scrape must not wait for a database that hangs. */
const TIMEOUT_MS = 2000

const gauges: Readonly<Record<keyof Backlog, readonly [name: string, help: string]>> = {
  openOperations: ['operations_open', 'Operations whose outcome is not known yet'],
  oldestOperationSeconds: ['operations_oldest_open_seconds', 'How long the oldest of them has been open'],
  pendingEvents: ['domain_events_pending', 'Domain events that nobody took yet'],
  oldestEventSeconds: ['domain_events_oldest_pending_seconds', 'How long the oldest of them has waited'],
  deadEvents: ['domain_events_dead', 'Domain events that were given up'],
  failedWebhooks: ['webhook_events_failed', 'Webhook events that are stored and could not be applied yet'],
  oldestWebhookSeconds: ['webhook_events_oldest_failed_seconds', 'How long the oldest of them has waited'],
  openErasures: ['user_erasures_open', 'Users whose erasure has begun and not come to its end'],
  oldestErasureSeconds: ['user_erasures_oldest_open_seconds', 'How long ago the oldest of them began'],
}

/**
 * Shows what waits in the database as gauges. All of them come of one statement, sent every few seconds at most. While the
 * database does not answer they are NaN, which no alert takes for a number.
 */
export function measureBacklog(database: Database, { registry }: Metrics, now: () => number, logger: Logger): void {
  let known: Promise<Backlog | undefined> | undefined
  let until = 0
  const read = async (): Promise<Backlog | undefined> => {
    try {
      const late = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS).unref()
      })
      return await Promise.race([readBacklog(database, new Date(now())), late])
    } catch (error) {
      logger.warn({ err: error }, 'what waits in the database could not be read')
      return undefined
    }
  }
  const backlog = (): Promise<Backlog | undefined> => {
    if (!known || performance.now() > until) {
      known = read()
      until = performance.now() + GOOD_FOR_MS
    }
    return known
  }
  const measures = Object.entries(gauges) as [keyof Backlog, readonly [string, string]][] // every key is one
  for (const [key, [name, help]] of measures) {
    new Gauge({
      ...{ name, help, registers: [registry] },
      async collect() {
        this.set((await backlog())?.[key] ?? Number.NaN)
      },
    })
  }
}
