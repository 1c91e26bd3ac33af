import { isOwnerGone, seekOwner, userOf } from '../customers/observe-customer.ts'
import type { Fact } from '../events/domain-event.ts'
import { fold, unobserved } from '../observations/join.ts'
import { lookAgainAt } from '../observations/look-again.ts'
import { asSent, type Folded, type Observing } from '../observations/observing.ts'
import { findRow, putRow, type RowSet } from '../observations/row-set.ts'
import { type Find, one } from '../ports/storage.ts'
import { timestampOfSeconds } from '../time.ts'
import {
  attachmentGroup,
  detailGroup,
  type PaymentMethodObservation,
  type PaymentMethodRow,
  toPaymentMethod,
  UNSEEN,
} from './payment-method.ts'

/** The payment method, and the customer that it is attached to or was until now. */
export function seekPaymentMethod({ gatewayId, attachment }: PaymentMethodObservation): readonly Find[] {
  return [one('payment_methods', { gatewayId }), ...seekOwner(ownerIn(attachment))]
}

/** Folds an observation of a payment method. One that never belonged to a customer is of no use here and is left out. */
export function foldPaymentMethod(rows: RowSet, observation: PaymentMethodObservation, observing: Observing): Folded {
  const known = findRow(rows, 'payment_methods', (row) => row.gatewayId === observation.gatewayId)
  const { facts, before } = observation.attachment
  if (!known && facts.status !== 'attached' && before?.status !== 'attached') return { rows, facts: [] }
  const base = known ?? adopted(observation, observing)
  const sent = asSent(observing, 'payment_methods', observation.gatewayId)
  const attached = fold(base, attachmentGroup, observation.attachment, sent)
  const joined = fold(attached, detailGroup, observation.details, sent)
  const next = { ...joined, userId: joined.userId ?? userOf(rows, ownerIn(observation.attachment)) }
  const news = factsOf(known, next, observation)
  if (known && next.observed === known.observed && next.userId === known.userId) return { rows, facts: news }
  const { now } = observing
  // What only its SetupIntent told of is read at once, and so is what a deleted customer seems to have still.
  const isStale = next.status === 'attached' && isOwnerGone(rows, next.customerId) && !observing.sent
  const dueAt = next.type === UNSEEN || isStale ? now : lookAgainAt(next, observing, { open: false })
  return { rows: putRow(rows, 'payment_methods', { ...next, updatedAt: now, dueAt }), facts: news }
}

/** The customer that it is attached to, or was until now. */
const ownerIn = ({ facts, before }: PaymentMethodObservation['attachment']): string | null =>
  facts.customerId ?? before?.customerId ?? null

function adopted(observation: PaymentMethodObservation, { newId }: Observing): PaymentMethodRow {
  const createdAt = timestampOfSeconds(observation.created)
  return {
    ...unobserved,
    id: newId('method'),
    version: 0,
    createdAt,
    updatedAt: createdAt,
    userId: null,
    gatewayId: observation.gatewayId,
    status: 'attached',
    customerId: null,
    type: UNSEEN,
    card: null,
  }
}

/** A method is told of once it is known what it is. */
function factsOf(
  known: PaymentMethodRow | undefined,
  next: PaymentMethodRow,
  { attachment }: PaymentMethodObservation,
): readonly Fact[] {
  const { status, customerId } = attachment.facts
  const wasTold = known?.status === status && known.type !== UNSEEN
  if (wasTold || next.type === UNSEEN) return []
  const data = toPaymentMethod(next, null)
  const discriminator = customerId ?? status
  return [{ type: `payment_method.${status}`, objectId: next.id, discriminator, stamp: attachment.stamp, data }]
}
