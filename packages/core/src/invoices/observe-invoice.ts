import { seekOwner, userOf } from '../customers/observe-customer.ts'
import type { Fact } from '../events/domain-event.ts'
import { fold, unobserved } from '../observations/join.ts'
import { lookAgainAt } from '../observations/look-again.ts'
import { asSent, type Folded, type Observing } from '../observations/observing.ts'
import { findRow, putRow, type RowSet } from '../observations/row-set.ts'
import { type Find, one } from '../ports/storage.ts'
import { timestampOfSeconds } from '../time.ts'
import {
  type InvoiceObservation,
  type InvoiceRow,
  invoiceGroup,
  invoicePaymentGroup,
  isOpenInvoice,
  toInvoice,
} from './invoice.ts'

/** The invoice, its subscription by either id, and whose it is. */
export function seekInvoice(observation: InvoiceObservation): readonly Find[] {
  const { gatewayId, subscriptionGatewayId, subscriptionFlorinId, customerId } = observation
  return [
    one('invoices', { gatewayId }),
    ...(subscriptionGatewayId === null ? [] : [one('subscriptions', { gatewayId: subscriptionGatewayId })]),
    ...(subscriptionFlorinId === null ? [] : [one('subscriptions', { id: subscriptionFlorinId })]),
    ...seekOwner(customerId),
  ]
}

/** Folds an observation of an invoice and links it to its subscription, where that is known here. */
export function foldInvoice(rows: RowSet, observation: InvoiceObservation, observing: Observing): Folded {
  const { gatewayId, subscriptionGatewayId, subscriptionFlorinId, customerId } = observation
  const known = findRow(rows, 'invoices', (row) => row.gatewayId === gatewayId)
  const subscription =
    subscriptionGatewayId === null
      ? undefined
      : (findRow(rows, 'subscriptions', (row) => row.gatewayId === subscriptionGatewayId) ??
        // Only one that Stripe had not made yet: metadata are copied by hand from one subscription to another.
        findRow(rows, 'subscriptions', (row) => row.id === subscriptionFlorinId && row.gatewayId === null))
  const base = known ?? adopted(observation, observing)
  const named: InvoiceRow = {
    ...base,
    userId: base.userId ?? userOf(rows, customerId) ?? subscription?.userId ?? null,
    customerId: base.customerId ?? customerId,
    subscriptionId: base.subscriptionId ?? subscription?.id ?? null,
    subscriptionGatewayId: base.subscriptionGatewayId ?? subscriptionGatewayId,
  }
  const sent = asSent(observing, 'invoices', gatewayId)
  const told = fold(named, invoiceGroup, observation.invoice, sent)
  const next = fold(told, invoicePaymentGroup, observation.payment, sent)
  const changed =
    !known ||
    next.observed !== known.observed ||
    next.subscriptionId !== known.subscriptionId ||
    next.userId !== known.userId
  const facts = factsOf(known, next, observation)
  if (!changed) return { rows, facts }
  const { now } = observing
  // Webhooks of basil and later do not say what paid an invoice: that follows when it is read.
  const unexplained = !observing.sent && next.status === 'paid' && next.amountPaid > 0 && next.paymentGatewayId === null
  const dueAt = unexplained ? now : lookAgainAt(next, observing, { open: isOpenInvoice(next) })
  return { rows: putRow(rows, 'invoices', { ...next, updatedAt: now, dueAt }), facts }
}

function adopted(observation: InvoiceObservation, { newId }: Observing): InvoiceRow {
  const createdAt = timestampOfSeconds(observation.created)
  return {
    ...unobserved,
    ...observation.invoice.facts,
    id: newId('invoice'),
    version: 0,
    createdAt,
    updatedAt: createdAt,
    userId: null,
    customerId: null,
    gatewayId: observation.gatewayId,
    subscriptionId: null,
    subscriptionGatewayId: null,
    paymentGatewayId: null,
  }
}

function factsOf(
  known: InvoiceRow | undefined,
  next: InvoiceRow,
  { invoice, paymentFailed }: InvoiceObservation,
): readonly Fact[] {
  const { stamp } = invoice
  const base = { objectId: next.id, stamp, data: toInvoice(next) }
  if (invoice.facts.status === 'paid' && known?.status !== 'paid')
    return [{ ...base, type: 'invoice.paid', discriminator: 'paid' }]
  // Only the event tells: what is read as open after an attempt may be waiting for a bank. By its time, for Stripe counts
  // its own retries only, and the customer may try as often.
  return paymentFailed ? [{ ...base, type: 'invoice.payment_failed', discriminator: String(stamp) }] : []
}
