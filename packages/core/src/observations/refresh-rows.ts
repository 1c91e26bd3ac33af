import { readInstallationTime } from '../bookmarks/installation-time.ts'
import { withDebts } from '../debts/with-debts.ts'
import type { Deps } from '../deps.ts'
import { isClosed } from '../disputes/dispute.ts'
import { isFlorinError } from '../errors.ts'
import { factChanges, tellFacts } from '../events/domain-event.ts'
import { isOpenInvoice } from '../invoices/invoice.ts'
import { canonicalJson } from '../json.ts'
import { isOpenPayment } from '../payments/payment.ts'
import type { ObjectRef } from '../ports/gateway.ts'
import { due, one, type Query, type Tables } from '../ports/storage.ts'
import { isOpenRefund } from '../refunds/refund.ts'
import { isEnded } from '../subscriptions/subscription.ts'
import { type Timestamp, timestamp } from '../time.ts'
import { lookAgainAt } from './look-again.ts'
import type { Observation } from './observation.ts'
import { type Folded, type Observing, observe, seek } from './observe.ts'
import { changesBetween, findRow, putRow, type RowSet, rowSetOf } from './row-set.ts'

/** The tables whose rows are read again: the kind of object, and whether it may still change by itself. */
const watched: { readonly [T in Watched]: Watching<T> } = {
  transactions: { object: 'payment', isOpen: isOpenPayment },
  refunds: { object: 'refund', isOpen: isOpenRefund },
  subscriptions: { object: 'subscription', isOpen: (row) => !isEnded(row) },
  invoices: { object: 'invoice', isOpen: isOpenInvoice },
  disputes: { object: 'dispute', isOpen: (row) => !isClosed(row.status) },
  payment_methods: { object: 'payment_method', isOpen: () => false },
  customers: { object: 'customer', isOpen: () => false },
}

type Watched = 'transactions' | 'refunds' | 'subscriptions' | 'invoices' | 'disputes' | 'payment_methods' | 'customers'

interface Watching<T extends Watched> {
  readonly object: ObjectRef['object']
  readonly isOpen: (row: Tables[T], now: Timestamp) => boolean
}

/** What reading rows again came to. */
export interface Refreshed {
  /** Rows that were read, one call each. */
  readonly read: number
  /** Rows that turned out to be different. */
  readonly changed: number
}

/**
 * Reads rows again that are in doubt, or not final and unread for long: one call for each, however many events put it in
 * doubt. May run in any number of processes at once.
 *
 * @throws `unavailable` storage_unavailable, gateway_unavailable
 */
export async function refreshRows(deps: Deps, { limit = 20 }: { limit?: number } = {}): Promise<Refreshed> {
  const now = timestamp(deps.runtime.now())
  const found = await deps.storage.load({
    transactions: due('transactions', now, limit),
    refunds: due('refunds', now, limit),
    subscriptions: due('subscriptions', now, limit),
    invoices: due('invoices', now, limit),
    disputes: due('disputes', now, limit),
    payment_methods: due('payment_methods', now, limit),
    customers: due('customers', now, limit),
  })
  const waiting = [
    ...found.transactions.map((row) => ({ row, refresh: () => refreshRow(deps, 'transactions', row) })),
    ...found.refunds.map((row) => ({ row, refresh: () => refreshRow(deps, 'refunds', row) })),
    ...found.subscriptions.map((row) => ({ row, refresh: () => refreshRow(deps, 'subscriptions', row) })),
    ...found.invoices.map((row) => ({ row, refresh: () => refreshRow(deps, 'invoices', row) })),
    ...found.disputes.map((row) => ({ row, refresh: () => refreshRow(deps, 'disputes', row) })),
    ...found.payment_methods.map((row) => ({ row, refresh: () => refreshRow(deps, 'payment_methods', row) })),
    ...found.customers.map((row) => ({ row, refresh: () => refreshRow(deps, 'customers', row) })),
  ]
  const longest = waiting.toSorted((a, b) => ((a.row.dueAt ?? now) < (b.row.dueAt ?? now) ? -1 : 1)).slice(0, limit)
  // Remembered by this process from then on.
  if (longest.length > 0) await readInstallationTime(deps)
  let changed = 0
  const failures: unknown[] = []
  for (const { refresh } of longest) {
    try {
      changed += (await refresh()) ? 1 : 0
    } catch (error) {
      // Without a gateway or a storage none can be read. Where it is the row's own fault, the others do not wait for it.
      if (isFlorinError(error) && error.kind === 'unavailable') throw error
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return { read: longest.length, changed }
}

/**
 * Reads one row's object. What is read dominates everything that was known when the request was sent, ties and final
 * states included: cause decides, not stamps. What arrived since is joined as ever. Answers whether anything changed.
 *
 * @throws `unavailable` storage_unavailable, gateway_unavailable
 */
async function refreshRow<T extends Watched>(deps: Deps, table: T, sent: Tables[T]): Promise<boolean> {
  const gatewayId = 'gatewayId' in sent ? sent.gatewayId : sent.id
  // What was never made there has nothing to be read, and is not due any more.
  const answer = gatewayId === null ? undefined : await deps.gateway.read({ object: watched[table].object, gatewayId })
  const observations = answer?.observations ?? []
  // Of all watched tables, the id is searchable.
  const query: Query = { ...seek(observations), '(row)': one<Watched>(table, { id: sent.id }) }
  const rows = await withDebts(deps, rowSetOf(query, await deps.storage.load(query)), observations)
  const known = findRow(rows, table, ({ id }) => id === sent.id)
  if (!known) return false

  const now = timestamp(deps.runtime.now())
  const { newId, settings, installed } = deps
  const { installation, sweepAfterMs } = settings
  const installedAt = installed.begunAt
  const observing = { now, newId, installation, sweepAfterMs, installedAt, sent: putRow({}, table, sent) }
  const { rows: after, facts } = withRead(rows, table, { sent, known }, observations, observing)
  const changes = [...changesBetween(rows, after), ...factChanges(deps, facts, now)]
  const outcome = await deps.storage.commit({ id: newId('commit'), changes })
  if (outcome === 'conflict') return false
  tellFacts(deps, facts)
  return findRow(after, table, ({ id }) => id === sent.id)?.updatedAt !== known.updatedAt
}

/**
 * The rows after one of them was read. Pure. Unless it changed since the request was `sent`, all that was observed of it is
 * forgotten first.
 */
export function withRead<T extends Watched>(
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
function forgotten<T extends Watched>(rows: RowSet, table: T, row: Tables[T]): RowSet {
  return putRow(rows, table, { ...row, observed: {}, ties: null, inDoubt: false })
}

/** The row that was looked at waits for its next look; where nothing new was seen, it counts as unchanged. */
function lookedAt<T extends Watched>(rows: RowSet, table: T, known: Tables[T], observing: Observing): RowSet {
  const row = findRow(rows, table, ({ id }) => id === known.id) ?? known
  const updatedAt = told(row) === told(known) ? known.updatedAt : row.updatedAt
  const open = watched[table].isOpen(row, observing.now)
  return putRow(rows, table, { ...row, updatedAt, dueAt: lookAgainAt(row, observing, { open, since: updatedAt }) })
}

/** What a row tells, without how Florin came to know it. */
function told(row: Tables[Watched]): string {
  const how = { observed: null, ties: null, inDoubt: null, dueAt: null, updatedAt: null, version: null }
  return canonicalJson({ ...row, ...how })
}
