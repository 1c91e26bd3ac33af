import { userOf } from '../customers/observe-customer.ts'
import { withDebts } from '../debts/with-debts.ts'
import type { Deps } from '../deps.ts'
import { findObject, gatewayIdOf, type ObjectTable, tableOf } from '../observations/object-kinds.ts'
import type { Observation } from '../observations/observation.ts'
import { observe, seek } from '../observations/observe.ts'
import { type Folded, observingOf } from '../observations/observing.ts'
import { earlierId } from '../observations/restoring.ts'
import { findRow, putRow, type RowSet, rowSetOf } from '../observations/row-set.ts'
import { linkToPayment, paymentNamed } from '../payments/observe-payment.ts'
import type { ObjectRef } from '../ports/gateway.ts'
import { many, one, type Query } from '../ports/storage.ts'
import type { Tables } from '../ports/tables.ts'
import { timestamp } from '../time.ts'

/** The rows around an object: its own, those that observations of it concern, and those that hang on it. */
export async function rowsAround(
  { storage, runtime }: Pick<Deps, 'storage' | 'runtime'>,
  { object, gatewayId }: ObjectRef,
  observations: readonly Observation[],
): Promise<RowSet> {
  const query: Query = { ...seek(observations), '(row)': findObject[object](gatewayId), ...hanging(object, gatewayId) }
  const rows = await withDebts({ storage, runtime }, rowSetOf(query, await storage.load(query)), observations)
  const told = observations.find((one) => one.object === object && one.gatewayId === gatewayId)
  const id = told && earlierId(told, rows)
  if (id === undefined) return rows
  // Whether the id that it would get back is free.
  const same: Query = { row: one<ObjectTable>(tableOf[object], { id }) }
  const taken = findRow<ObjectTable>(rowSetOf(same, await storage.load(same)), tableOf[object], () => true)
  return taken ? putRow<ObjectTable>(rows, tableOf[object], taken) : rows
}

function hanging(object: ObjectRef['object'], gatewayId: string): Query {
  if (object === 'payment') {
    const ofPayment = { paymentGatewayId: gatewayId }
    return { '(refunds)': many('refunds', ofPayment), '(disputes)': many('disputes', ofPayment) }
  }
  if (object !== 'subscription') return {}
  return { '(invoices)': many('invoices', { subscriptionGatewayId: gatewayId }) }
}

/**
 * The rows as they are when all that is known of their objects is what was just read: stamps, ties and final states of
 * before count for nothing, for what was stored may be wrong in any of them. `sent` is what was stored when the request
 * went out; a row that has changed since is joined as ever. A row that was lost gets the id back that it had.
 */
export function truthOf(deps: Deps, observations: readonly Observation[], rows: RowSet, sent: RowSet): Folded {
  const now = timestamp(deps.runtime.now())
  let folded: Folded = { rows: observations.reduce((set, told) => forget(set, told, sent), rows), facts: [] }
  for (const observation of observations) {
    const next = observe(folded.rows, [observation], observingOf(deps, now, { sent }))
    folded = { rows: withLinks(next.rows, observation, now), facts: [...folded.facts, ...next.facts] }
  }
  return folded
}

/** What hangs on a payment that was lost finds it again; invoices find their subscription when it is folded. */
function withLinks(rows: RowSet, { object, gatewayId }: Observation, now: string): RowSet {
  const payment = object === 'payment' && paymentNamed(rows, gatewayId)
  return payment ? linkToPayment(rows, { ...payment, updatedAt: now }) : rows
}

/** The row of an object without what was observed of it, and with the links that the gateway tells. */
function forget(set: RowSet, told: Observation, sent: RowSet): RowSet {
  switch (told.object) {
    case 'customer':
      return blank(set, 'customers', told, sent, (row) => ({
        // A link that nobody made yet is the fold's to make.
        userId: row.userId === null ? null : (told.userId ?? row.userId),
      }))
    case 'payment_method': {
      const userId = userOf(set, told.attachment.facts.customerId)
      return blank(set, 'payment_methods', told, sent, (row) => ({ userId: userId ?? row.userId }))
    }
    case 'payment':
      return blank(set, 'transactions', told, sent, (row) => ({
        customerId: told.customerId ?? row.customerId,
        userId: userOf(set, told.customerId) ?? told.userId ?? row.userId,
      }))
    case 'refund': {
      const payment = paymentNamed(set, told.paymentGatewayId)
      return blank(set, 'refunds', told, sent, (row) => ({
        paymentGatewayId: told.paymentGatewayId ?? row.paymentGatewayId,
        paymentId: payment?.id ?? row.paymentId,
        userId: userOf(set, told.customerId) ?? row.userId,
      }))
    }
    case 'subscription':
      return blank(set, 'subscriptions', told, sent, (row) => ({
        customerId: told.customerId ?? row.customerId,
        userId: userOf(set, told.customerId) ?? row.userId,
      }))
    case 'invoice': {
      const subscription = findRow(set, 'subscriptions', (row) => row.gatewayId === told.subscriptionGatewayId)
      return blank(set, 'invoices', told, sent, (row) => ({
        customerId: told.customerId ?? row.customerId,
        subscriptionGatewayId: told.subscriptionGatewayId ?? row.subscriptionGatewayId,
        subscriptionId: (told.subscriptionGatewayId && subscription?.id) ?? row.subscriptionId,
        userId: userOf(set, told.customerId) ?? row.userId,
      }))
    }
    case 'dispute': {
      const payment = paymentNamed(set, told.paymentGatewayId)
      return blank(set, 'disputes', told, sent, (row) => ({
        paymentGatewayId: told.paymentGatewayId ?? row.paymentGatewayId,
        paymentId: payment?.id ?? row.paymentId,
        userId: userOf(set, told.customerId) ?? row.userId,
      }))
    }
  }
}

function blank<T extends ObjectTable>(
  set: RowSet,
  table: T,
  { gatewayId }: Observation,
  sent: RowSet,
  links: (row: Tables[T]) => Partial<Tables[T]>,
): RowSet {
  const row = findRow(set, table, (one) => gatewayIdOf(one) === gatewayId)
  const before = row && findRow(sent, table, ({ id }) => id === row.id)
  if (!row || before?.version !== row.version) return set
  return putRow(set, table, { ...row, ...links(row), observed: {}, ties: null, inDoubt: false })
}
