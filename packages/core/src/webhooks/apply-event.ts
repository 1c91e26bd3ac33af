import { installationTime, seekInstallationTime } from '../bookmarks/installation-time.ts'
import { withDebts } from '../debts/with-debts.ts'
import type { Deps, Settings } from '../deps.ts'
import { DefectError, isFlorinError, UnavailableError } from '../errors.ts'
import { type Fact, factChanges, tellFacts } from '../events/domain-event.ts'
import { observe, seek } from '../observations/observe.ts'
import { changesBetween, findRow, type RowSet, rowSetOf } from '../observations/row-set.ts'
import type { GatewayEvent } from '../ports/gateway.ts'
import { type Change, one, type Query, write } from '../ports/storage.ts'
import { milliseconds, type Timestamp, timestamp, timestampOfSeconds } from '../time.ts'
import type { WebhookEventRow, WebhookEventStatus } from './webhook-event.ts'

const MOST_TRIES = 60

// An event that cannot be applied waits a minute, then twice as long each time, and never more than a day.
const FIRST_RETRY_MS = 60_000
const LAST_RETRY_MS = 24 * 3600_000

/** What became of an event, and its row as stored. Of a `duplicate` nothing was done: it had been taken before. */
export interface Applied {
  readonly outcome: 'processed' | 'ignored' | 'failed' | 'duplicate'
  readonly row: WebhookEventRow
}

/** Has an event applied also where it was before. */
interface Again {
  /** What to write in the same commit, by what came of it this time and what the event was before. */
  beside(outcome: WebhookEventStatus, before: WebhookEventRow | undefined): readonly Change[]
}

/**
 * Stores an event and folds what it tells into the rows, in one commit. One that was processed or ignored before changes
 * nothing; one that failed is tried again. However it came here (webhook, catch-up, retry, replay), this is its one way
 * in.
 *
 * @throws `unavailable` storage_unavailable, overloaded: it is not stored
 */
export async function applyEvent(deps: Deps, event: GatewayEvent, body: string, again?: Again): Promise<Applied> {
  // The same in every delivery of the event: it tells the storage where to look.
  const occurredAt = timestampOfSeconds(event.created)
  const query: Query = {
    ...seek(event.observations),
    ...seekInstallationTime(deps),
    '(event)': one('webhook_events', { id: event.id, occurredAt }),
    // What tells nothing here may still be an erased user's: its body must not be kept.
    ...(event.observations.length === 0 &&
      event.ownerId !== null && { '(owner)': one('customers', { id: event.ownerId }) }),
  }
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if (tries > 0) await deps.runtime.wait(Math.min(5 * tries, 100))
    const found = rowSetOf(query, await deps.storage.load(query))
    const rows = await withDebts(deps, found, event.observations)
    const earlier = rows.webhook_events?.find(({ id }) => id === event.id)
    if (earlier && earlier.status !== 'failed' && !again) return { outcome: 'duplicate', row: earlier }

    const now = timestamp(deps.runtime.now())
    const begun = installationTime(deps, rows, event.created, now)
    const decided = decide(deps, event, body, { rows, earlier, now, installedAt: begun.begunAt })
    const beside = again?.beside(decided.row.status, earlier) ?? []
    const { row, changes, facts } = earlier?.status === 'processed' ? onceMore(decided) : decided
    const told = [...factChanges(deps, facts, now), ...beside, ...begun.changes]
    const all = [write('webhook_events', row), ...changes, ...told]
    if ((await deps.storage.commit({ id: deps.newId('commit'), changes: all })) === 'conflict') continue
    tellFacts(deps, facts, changes)
    return { outcome: row.status, row }
  }
  throw new UnavailableError('overloaded', `event ${event.id} meets too many changes of its object`, 'not_applied')
}

interface Decided {
  readonly row: WebhookEventRow & { readonly status: Exclude<Applied['outcome'], 'duplicate'> }
  readonly changes: readonly Change[]
  readonly facts: readonly Fact[]
}

/** What is known when an event is decided on. */
interface Known {
  readonly rows: RowSet
  readonly earlier: WebhookEventRow | undefined
  readonly now: Timestamp
  readonly installedAt: number
}

/** The event's row, what it changes and what it proves. A poison event keeps its error, and changes nothing else. */
function decide(deps: Deps, event: GatewayEvent, body: string, { rows, earlier, now, installedAt }: Known): Decided {
  const row = { ...eventRow(event, body, now, earlier), userId: ownerIn(rows, event) }
  const reason = ignoredBecause(deps, event)
  if (reason !== undefined) return { row: { ...row, status: 'ignored', reason }, changes: [], facts: [] }
  if (event.unreadable !== undefined) return failed(row, event.unreadable, now)
  try {
    const { installation, sweepAfterMs } = deps.settings
    const observing = { now, newId: deps.newId, installation, sweepAfterMs, installedAt }
    const { rows: after, facts } = observe(rows, event.observations, observing)
    const changes = changesBetween(rows, after)
    return { row: { ...row, userId: ownerIn(after, event), status: 'processed' }, changes, facts }
  } catch (error) {
    const failure = isFlorinError(error) ? error : new DefectError('cannot be applied', { cause: error })
    return failed(row, `${failure.code}: ${failure.message}`, now)
  }
}

/**
 * An event that was processed stays so, whatever it meets this time. What it proves was told in the commit that processed
 * it; told again for a row that was lost and is made anew, it would be news, and an old order would be shipped again.
 */
function onceMore({ row, changes }: Decided): Decided {
  return { row: { ...row, status: 'processed', dueAt: null }, changes, facts: [] }
}

/** The user that an event is about, as far as the rows tell. */
function ownerIn(rows: RowSet, { ownerId }: GatewayEvent): string | null {
  const owner =
    findRow(rows, 'customers', ({ id }) => id === ownerId) ??
    findRow(rows, 'transactions', ({ gatewayId, chargeId }) => [gatewayId, chargeId].includes(ownerId)) ??
    findRow(rows, 'payment_methods', ({ gatewayId }) => gatewayId === ownerId)
  return owner?.userId ?? null
}

function failed(row: WebhookEventRow, reason: string, now: Timestamp): Decided {
  const wait = Math.min(FIRST_RETRY_MS * 2 ** (row.attempts - 1), LAST_RETRY_MS)
  const dueAt = timestamp(milliseconds(now) + wait)
  return { row: { ...row, status: 'failed', reason, dueAt }, changes: [], facts: [] }
}

/** Why an event should not have come to this endpoint; undefined where it may. */
export function misdirectionOf(
  { livemode }: Pick<Settings, 'livemode'>,
  event: GatewayEvent,
): 'wrong_mode' | 'connected_account' | undefined {
  if (event.livemode !== livemode) return 'wrong_mode'
  return event.account === null ? undefined : 'connected_account'
}

function ignoredBecause({ settings }: Deps, event: GatewayEvent): string | undefined {
  const misdirection = misdirectionOf(settings, event)
  if (misdirection === 'wrong_mode') return `it is of ${event.livemode ? 'live' : 'test'} mode`
  if (misdirection === 'connected_account') return `it is of the connected account ${event.account}`
  const told = event.observations.length > 0 || event.unreadable !== undefined
  return told ? undefined : 'its type is of no concern here'
}

function eventRow(
  event: GatewayEvent,
  payload: string,
  now: Timestamp,
  earlier: WebhookEventRow | undefined,
): WebhookEventRow {
  const { id, type, apiVersion, livemode, objectId, ownerId } = event
  const first = { id, version: 0, createdAt: now, attempts: 0 }
  const { version, createdAt, attempts } = earlier ?? first
  return {
    ...{ id, version, createdAt, updatedAt: now, type, apiVersion, livemode, objectId, ownerId, payload },
    occurredAt: timestampOfSeconds(event.created),
    userId: null,
    status: 'received',
    reason: null,
    attempts: attempts + 1,
    dueAt: null,
  }
}
