import { boundAccount } from '../accounts/bind-account.ts'
import { installationTime, seekInstallationTime } from '../bookmarks/installation-time.ts'
import { withDebts } from '../debts/with-debts.ts'
import type { Deps, Settings } from '../deps.ts'
import { DefectError, type FlorinError, isFlorinError, UnavailableError } from '../errors.ts'
import { commitFacts } from '../events/commit-facts.ts'
import type { Fact } from '../events/domain-event.ts'
import { observe, seek } from '../observations/observe.ts'
import { observingOf } from '../observations/observing.ts'
import { changesBetween, type RowSet, rowSetOf } from '../observations/row-set.ts'
import type { GatewayEvent } from '../ports/gateway.ts'
import { type Change, one, type Query, write } from '../ports/storage.ts'
import { DAY_MS, milliseconds, type Timestamp, timestamp, timestampOfSeconds } from '../time.ts'
import type { LoggedEvent, WebhookEventRow, WebhookEventStatus } from './webhook-event.ts'

const MOST_TRIES = 60

// An event that cannot be applied waits a minute, then twice as long each time, and never more than a day.
const FIRST_RETRY_MS = 60_000
const LAST_RETRY_MS = DAY_MS

/** What became of an event, and its row as stored. Of a `duplicate` nothing was done: it had been taken before. */
export interface Applied {
  readonly outcome: 'processed' | 'ignored' | 'failed' | 'duplicate'
  readonly row: LoggedEvent
}

/** Has an event applied also where it was before. */
interface Again {
  /** What to write in the same commit, by what came of it this time and what the event was before. */
  beside(outcome: WebhookEventStatus, before: LoggedEvent | undefined): readonly Change[]
}

/**
 * Stores an event and folds what it tells into the rows, in one commit. One that was processed or ignored before changes
 * nothing; one that failed is tried again. However it came here (webhook, catch-up, retry, replay), this is its one way
 * in.
 *
 * @throws `unavailable` storage_unavailable, overloaded: it is not stored
 */
export async function applyEvent(deps: Deps, given: GatewayEvent, body: string, again?: Again): Promise<Applied> {
  const event = await placed(deps, given)
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if (tries > 0) await deps.runtime.wait(Math.min(5 * tries, 100))
    const applied = await takeIn(deps, event, body, again).catch((error: unknown) => {
      if (!isFlorinError(error) || error.kind !== 'defect') throw error
      return takeUnopened(deps, event, body, error, again)
    })
    if (applied) return applied
  }
  throw new UnavailableError('overloaded', `event ${event.id} meets too many changes of its object`, 'not_applied')
}

/**
 * An event with the other account that it is of, where only its context tells that. Its own account is known once it was
 * bound; until then none is another's.
 */
export async function placed(deps: Pick<Deps, 'storage'>, event: GatewayEvent): Promise<GatewayEvent> {
  const { account, context } = event
  if (account !== null || context === null) return event
  const bound = await boundAccount(deps)
  return { ...event, context: null, account: bound && bound.id !== context ? context : null }
}

/** The rows that an event concerns. */
function seekEvent(deps: Deps, { observations, ownerId, paymentId, userId }: GatewayEvent): Query {
  const query = { ...seek(observations), ...seekInstallationTime(deps) }
  if (observations.length > 0) return query
  // What tells nothing here may still be an erased user's: its body must not be kept.
  return {
    ...query,
    ...(ownerId !== null && { '(owner)': one('customers', { id: ownerId }) }),
    ...(paymentId !== null && userId === null && { '(payment)': one('transactions', { gatewayId: paymentId }) }),
  }
}

// The time is the same in every delivery of the event: it tells the storage where to look.
const findEvent = ({ id, created }: GatewayEvent) =>
  one('webhook_events', { id, occurredAt: timestampOfSeconds(created) })

/** Undefined where it was overtaken. */
async function takeIn(deps: Deps, event: GatewayEvent, body: string, again?: Again): Promise<Applied | undefined> {
  const query: Query = { ...seekEvent(deps, event), '(event)': findEvent(event) }
  const found = rowSetOf(query, await deps.storage.load(query))
  const rows = await withDebts(deps, found, event.observations)
  const earlier = rows.webhook_events?.find(({ id }) => id === event.id)
  if (earlier && isDone(earlier, again)) return { outcome: 'duplicate', row: earlier }
  const now = timestamp(deps.runtime.now())
  const begun = installationTime(deps, rows, event.created, now)
  const decided = decide(deps, event, body, { rows, earlier, now, installedAt: begun.begunAt })
  return store(deps, decided, earlier, again, begun.changes)
}

/**
 * Stores an event where something does not open that it concerns: what is needed for that is known without opening any.
 * Its own body, where that is what does not open, is stored anew.
 */
async function takeUnopened(
  deps: Deps,
  event: GatewayEvent,
  body: string,
  failure: FlorinError,
  again?: Again,
): Promise<Applied | undefined> {
  const { earlier } = await deps.stored.load({ earlier: findEvent(event) })
  if (earlier && isDone(earlier, again)) return { outcome: 'duplicate', row: earlier }
  const named = Object.values(await deps.stored.load(seekEvent(deps, event))).flat()
  const now = timestamp(deps.runtime.now())
  const row = { ...eventRow(event, body, now, earlier), userId: ownerIn(named, event) }
  return store(deps, unchanged(deps, event, row, now) ?? failed(row, reasonOf(failure), now), earlier, again, [])
}

const isDone = ({ status }: LoggedEvent, again: Again | undefined): boolean => status !== 'failed' && !again

/** Undefined where it was overtaken. */
async function store(
  deps: Deps,
  decided: Decided,
  earlier: LoggedEvent | undefined,
  again: Again | undefined,
  begun: readonly Change[],
): Promise<Applied | undefined> {
  const beside = again?.beside(decided.row.status, earlier) ?? []
  const { row, changes, facts } = earlier?.status === 'processed' ? onceMore(decided) : decided
  const all = [write('webhook_events', row), ...changes, ...beside, ...begun]
  const outcome = await commitFacts(deps, all, facts, { now: row.updatedAt })
  return outcome === 'conflict' ? undefined : { outcome: row.status, row }
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
  const row = { ...eventRow(event, body, now, earlier), userId: ownerIn(Object.values(rows).flat(), event) }
  const without = unchanged(deps, event, row, now)
  if (without) return without
  try {
    const { rows: after, facts } = observe(rows, event.observations, observingOf(deps, now, { installedAt }))
    const changes = changesBetween(rows, after)
    const userId = ownerIn(Object.values(after).flat(), event)
    return { row: { ...row, userId, status: 'processed' }, changes, facts }
  } catch (error) {
    const failure = isFlorinError(error) ? error : new DefectError('cannot be applied', { cause: error })
    return failed(row, reasonOf(failure), now)
  }
}

const reasonOf = ({ code, message }: FlorinError) => `${code}: ${message}`

/** What becomes of an event that changes nothing, whatever the rows say; undefined for any other. */
function unchanged(deps: Deps, event: GatewayEvent, row: WebhookEventRow, now: Timestamp): Decided | undefined {
  const reason = ignoredBecause(deps, event)
  if (reason !== undefined) return { row: { ...row, status: 'ignored', reason }, changes: [], facts: [] }
  return event.unreadable === undefined ? undefined : failed(row, event.unreadable, now)
}

/**
 * An event that was processed stays so, whatever it meets this time. What it proves was told in the commit that processed
 * it; told again for a row that was lost and is made anew, it would be news, and an old order would be shipped again.
 */
function onceMore({ row, changes }: Decided): Decided {
  return { row: { ...row, status: 'processed', dueAt: null }, changes, facts: [] }
}

interface Owned {
  readonly id: string
  readonly gatewayId?: string | null
  readonly chargeId?: string | null
  readonly userId?: string | null
}

/**
 * The user that an event is about, as far as the rows or its object tell. A customer that nobody linked to a user does not
 * hide whose its payment is.
 */
function ownerIn(rows: readonly (Owned | undefined)[], event: GatewayEvent): string | null {
  for (const named of [event.ownerId, event.paymentId]) {
    const owner = rows.find((row) => row && named !== null && [row.id, row.gatewayId, row.chargeId].includes(named))
    if (owner?.userId) return owner.userId
  }
  return event.userId
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
  earlier: LoggedEvent | undefined,
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
