import type { Deps } from '../deps.ts'
import { DefectError } from '../errors.ts'
import { type Prunable, prunables, type Retention, type Rotated } from '../ports/retention.ts'
import { DAY_MS, timestamp } from '../time.ts'

// Nobody waits for a lease for longer than its call takes; a day is for whoever wonders what went on.
const LEASE_RETENTION_MS = DAY_MS

/** What was let go of. */
export interface Pruned extends Rotated {
  readonly pruned: Readonly<Record<Prunable, number>>
  /** Whether there is more than fitted into this run. */
  readonly isMore: boolean
}

/** Lets go of what is old; `Maintenance.prune` says what is promised. */
export async function prune(
  { runtime, settings }: Pick<Deps, 'runtime' | 'settings'>,
  retention: Retention | undefined,
  { limit = 500 }: { limit?: number | undefined } = {},
): Promise<Pruned> {
  if (!retention) throw new DefectError('createFlorin was given no retention')
  const { webhookEventRetentionMs, payloadRetentionMs, operationRetentionMs, eventDataRetentionMs } = settings
  const now = runtime.now()
  const keptFor: Readonly<Record<Prunable, number>> = {
    operations: operationRetentionMs,
    payloads: payloadRetentionMs,
    event_data: eventDataRetentionMs,
    leases: LEASE_RETENTION_MS,
    webhook_events: webhookEventRetentionMs,
  }
  // First of all: new parts of the tables are needed also where something else of what follows fails.
  const before = timestamp(now - webhookEventRetentionMs)
  const rotated = await retention.rotate({ now: timestamp(now), before })
  const pruned = { operations: 0, payloads: 0, event_data: 0, leases: 0, webhook_events: 0 }
  for (const what of prunables) {
    pruned[what] = await retention.prune(what, { before: timestamp(now - keptFor[what]), limit })
  }
  return { ...rotated, pruned, isMore: Object.values(pruned).some((count) => count >= limit) }
}
