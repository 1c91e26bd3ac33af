import { readInstallationTime } from '../bookmarks/installation-time.ts'
import { withDebts } from '../debts/with-debts.ts'
import type { Deps } from '../deps.ts'
import { isClosed } from '../disputes/dispute.ts'
import { isFlorinError } from '../errors.ts'
import { commitFacts } from '../events/commit-facts.ts'
import { isOpenInvoice } from '../invoices/invoice.ts'
import { canonicalJson } from '../json.ts'
import { isOpenPayment } from '../payments/payment.ts'
import type { ObjectRef } from '../ports/gateway.ts'
import { due, one, type Query } from '../ports/storage.ts'
import type { Tables } from '../ports/tables.ts'
import { isOpenRefund } from '../refunds/refund.ts'
import { isEnded } from '../subscriptions/subscription.ts'
import { type Timestamp, timestamp } from '../time.ts'
import { lookAgainAt } from './look-again.ts'
import { gatewayIdOf, type ObjectRow, type ObjectTable, tableOf } from './object-kinds.ts'
import type { Observation } from './observation.ts'
import { observe, seek } from './observe.ts'
import { type Folded, type Observing, observingOf } from './observing.ts'
import { changesBetween, committed, findRow, putRow, type RowSet, rowSetOf } from './row-set.ts'

/** The tables whose rows are read again: the kind of object, and whether it may still change by itself. */
const watched: { readonly [T in ObjectTable]: Watching<T> } = {
  transactions: { object: 'payment', isOpen: isOpenPayment },
  refunds: { object: 'refund', isOpen: isOpenRefund },
  subscriptions: { object: 'subscription', isOpen: (row) => !isEnded(row) },
  invoices: { object: 'invoice', isOpen: isOpenInvoice },
  disputes: { object: 'dispute', isOpen: (row) => !isClosed(row.status) },
  payment_methods: { object: 'payment_method', isOpen: () => false },
  customers: { object: 'customer', isOpen: () => false },
}

interface Watching<T extends ObjectTable> {
  readonly object: ObjectRef['object']
  readonly isOpen: (row: Tables[T], now: Timestamp) => boolean
}

const watchedTables = Object.values(tableOf)

/** So many of a table that are not answered say that none of it is, for now. */
const MOST_REFUSED = 3

/** Who takes a row has it for so long; where it cannot be read, it waits so long behind all that wait already. */
const CLAIM_MS = 60_000

/** What reading rows again came to. */
export interface Refreshed {
  /** Rows that were read, one call each. */
  readonly read: number
  /** Rows that turned out to be different. */
  readonly changed: number
}

/** Reads rows again that are in doubt, or open and unread for long; `Maintenance.refresh` says what is promised. */
export async function refreshRows(deps: Deps, { limit = 20 }: { limit?: number | undefined } = {}): Promise<Refreshed> {
  const now = timestamp(deps.runtime.now())
  const query = Object.fromEntries(watchedTables.map((table) => [table, due<ObjectTable>(table, now, limit)]))
  const found = await deps.storage.load(query)
  const waiting = watchedTables.flatMap((table) => (found[table] ?? []).map((row) => ({ table, row })))
  const longest = waiting.toSorted((a, b) => ((a.row.dueAt ?? now) < (b.row.dueAt ?? now) ? -1 : 1))
  // Remembered by this process from then on.
  if (longest.length > 0) await readInstallationTime(deps)
  const refused = new Map<ObjectTable, number>()
  const isGivenUp = (table: ObjectTable) => (refused.get(table) ?? 0) >= MOST_REFUSED
  const failures: unknown[] = []
  let [read, changed] = [0, 0]
  for (const { table, row } of longest) {
    if (read + failures.length >= limit) break
    // Without a gateway or a storage none can be read; without a right, none of a kind.
    if (read === 0 && [...refused.keys()].filter(isGivenUp).length > 1) break
    if (isGivenUp(table)) continue
    try {
      const mine = await claimed(deps, table, row)
      if (!mine) continue
      changed += (await refreshRow(deps, table, mine)) ? 1 : 0
      read += 1
    } catch (error) {
      // Whosever fault it is, the others do not wait for it.
      failures.push(error)
      if (isFlorinError(error) && error.kind === 'unavailable') refused.set(table, (refused.get(table) ?? 0) + 1)
    }
  }
  if (failures.length > 0) throw failures[0]
  return { read, changed }
}

/** Takes a row, so that no other process reads it too. In conflict another one has, or it has changed: it is let go. */
async function claimed<T extends ObjectTable>(deps: Deps, table: T, row: Tables[T]): Promise<Tables[T] | undefined> {
  const before = putRow({}, table, row)
  const after = putRow(before, table, { ...row, dueAt: timestamp(deps.runtime.now() + CLAIM_MS) })
  const outcome = await deps.storage.commit({ id: deps.newId('commit'), changes: changesBetween(before, after) })
  return outcome === 'committed' ? findRow(committed(before, after), table, ({ id }) => id === row.id) : undefined
}

/**
 * Reads one row's object. What is read dominates everything that was known when the request was sent, ties and final
 * states included: cause decides, not stamps. What arrived since is joined as ever. Answers whether anything changed.
 *
 * @throws `unavailable` storage_unavailable, gateway_unavailable
 */
async function refreshRow<T extends ObjectTable>(deps: Deps, table: T, sent: Tables[T]): Promise<boolean> {
  const gatewayId = gatewayIdOf(sent)
  // What was never made there has nothing to be read, and is not due any more.
  const answer = gatewayId === null ? undefined : await deps.gateway.read({ object: watched[table].object, gatewayId })
  const observations = answer?.observations ?? []
  // Of all watched tables, the id is searchable.
  const query: Query = { ...seek(observations), '(row)': one<ObjectTable>(table, { id: sent.id }) }
  const rows = await withDebts(deps, rowSetOf(query, await deps.storage.load(query)), observations)
  const known = findRow(rows, table, ({ id }) => id === sent.id)
  if (!known) return false

  const now = timestamp(deps.runtime.now())
  const observing = observingOf(deps, now, { installedAt: deps.installed.begunAt, sent: putRow({}, table, sent) })
  const { rows: after, facts } = withRead(rows, table, { sent, known }, observations, observing)
  if ((await commitFacts(deps, changesBetween(rows, after), facts, { now })) === 'conflict') return false
  return findRow(after, table, ({ id }) => id === sent.id)?.updatedAt !== known.updatedAt
}

/**
 * The rows after one of them was read. Pure. Unless it changed since the request was `sent`, all that was observed of it is
 * forgotten first.
 */
export function withRead<T extends ObjectTable>(
  rows: RowSet,
  table: T,
  { sent, known }: { readonly sent: Tables[T]; readonly known: Tables[T] },
  observations: readonly Observation[],
  observing: Observing,
): Folded {
  const before = known.version === sent.version ? forgotten(rows, table, known) : rows
  const { rows: observed, facts } = observe(before, observations, observing)
  return { rows: lookedAt(observed, table, known, observing), facts }
}

/** The rows with what was observed of one of them forgotten, so that the next observation is all that is known. */
function forgotten<T extends ObjectTable>(rows: RowSet, table: T, row: Tables[T]): RowSet {
  return putRow(rows, table, { ...row, observed: {}, ties: null, inDoubt: false })
}

/** The row that was looked at waits for its next look; where nothing new was seen, it counts as unchanged. */
function lookedAt<T extends ObjectTable>(rows: RowSet, table: T, known: Tables[T], observing: Observing): RowSet {
  const row = findRow(rows, table, ({ id }) => id === known.id) ?? known
  const updatedAt = told(row) === told(known) ? known.updatedAt : row.updatedAt
  const open = watched[table].isOpen(row, observing.now)
  // A customer that has more to link than fits in one commit is read until all is.
  const isUnfinished = table === 'customers' && row.dueAt === observing.now
  const dueAt = isUnfinished ? row.dueAt : lookAgainAt(row, observing, { open, since: updatedAt })
  return putRow(rows, table, { ...row, updatedAt, dueAt })
}

/** What a row tells, without how Florin came to know it. */
function told(row: ObjectRow): string {
  const how = { observed: null, ties: null, inDoubt: null, dueAt: null, updatedAt: null, version: null }
  return canonicalJson({ ...row, ...how })
}
