import { foldCustomer, seekCustomer } from '../customers/observe-customer.ts'
import { foldDispute, seekDispute } from '../disputes/observe-dispute.ts'
import type { Fact } from '../events/domain-event.ts'
import { foldInvoice, seekInvoice } from '../invoices/observe-invoice.ts'
import { foldPaymentMethod, seekPaymentMethod } from '../payment-methods/observe-payment-method.ts'
import { UNSEEN } from '../payment-methods/payment-method.ts'
import { foldPayment, seekPayment } from '../payments/observe-payment.ts'
import type { Find, Query } from '../ports/storage.ts'
import { foldRefund, seekRefund } from '../refunds/observe-refund.ts'
import { foldSubscription, seekSubscription } from '../subscriptions/observe-subscription.ts'
import { gatewayIdOf, type ObjectRow, type ObjectTable, tableOf } from './object-kinds.ts'
import type { Observation } from './observation.ts'
import type { Folded, Observing } from './observing.ts'
import { restoring } from './restoring.ts'
import { findRow, type RowSet } from './row-set.ts'

/** How to find the rows that observations concern, all in one query. */
export function seek(observations: readonly Observation[]): Query {
  const finds = observations.flatMap(seekOne)
  return Object.fromEntries(finds.map((find, index) => [`observed${index}`, find]))
}

/**
 * Folds observations into rows, one after the other. Pure, and by the laws of the join the order does not matter.
 * Objects of another installation are left out. A row that was lost, as by a restore, gets the id back that it had.
 */
export function observe(rows: RowSet, observations: readonly Observation[], observing: Observing): Folded {
  let folded: Folded = { rows, facts: [] }
  for (const observation of observations) {
    const foreign = observation.installation !== null && observation.installation !== observing.installation
    if (foreign) continue
    const newId = restoring(observing.newId, observation, folded.rows)
    const next = foldOne(folded.rows, observation, { ...observing, newId })
    folded = { rows: next.rows, facts: [...folded.facts, ...newsOf(folded.rows, observation, next.facts, observing)] }
  }
  return folded
}

/** What there is to tell: nothing that happened before the installation, nor of an older object that is new here. */
function newsOf(
  rows: RowSet,
  { object, gatewayId, created }: Observation,
  facts: readonly Fact[],
  { installedAt }: Observing,
): readonly Fact[] {
  if (installedAt === undefined || facts.length === 0) return facts
  const known = findRow<ObjectTable>(rows, tableOf[object], (row) => gatewayIdOf(row) === gatewayId)
  if (created < installedAt && !(known && isSeen(known))) return []
  return facts.filter(({ stamp }) => stamp >= installedAt)
}

/** Whether the state of a row's object was seen. It was not where something else told of the object. */
const isSeen = (row: ObjectRow): boolean =>
  !('status' in row && row.status === 'unknown') && !('type' in row && row.type === UNSEEN)

function seekOne(observation: Observation): readonly Find[] {
  switch (observation.object) {
    case 'customer':
      return seekCustomer(observation)
    case 'dispute':
      return seekDispute(observation)
    case 'invoice':
      return seekInvoice(observation)
    case 'payment':
      return seekPayment(observation)
    case 'payment_method':
      return seekPaymentMethod(observation)
    case 'refund':
      return seekRefund(observation)
    case 'subscription':
      return seekSubscription(observation)
  }
}

function foldOne(rows: RowSet, observation: Observation, observing: Observing): Folded {
  switch (observation.object) {
    case 'customer':
      return foldCustomer(rows, observation, observing)
    case 'dispute':
      return foldDispute(rows, observation, observing)
    case 'invoice':
      return foldInvoice(rows, observation, observing)
    case 'payment':
      return foldPayment(rows, observation, observing)
    case 'payment_method':
      return foldPaymentMethod(rows, observation, observing)
    case 'refund':
      return foldRefund(rows, observation, observing)
    case 'subscription':
      return foldSubscription(rows, observation, observing)
  }
}
