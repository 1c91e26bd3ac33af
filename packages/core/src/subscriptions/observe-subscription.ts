import { seekOwner, userOf } from '../customers/observe-customer.ts'
import type { DomainEventType, Fact } from '../events/domain-event.ts'
import { fingerprint } from '../json.ts'
import { fold, unobserved } from '../observations/join.ts'
import { lookAgainAt } from '../observations/look-again.ts'
import { rowOf } from '../observations/object-kinds.ts'
import { asSent, type Folded, type Observing } from '../observations/observing.ts'
import { putRow, type RowSet, rowsOf } from '../observations/row-set.ts'
import { type Find, many, one } from '../ports/storage.ts'
import { timestampOfSeconds } from '../time.ts'
import {
  isEnded,
  type SubscriptionObservation,
  type SubscriptionRow,
  subscriptionGroup,
  toSubscription,
} from './subscription.ts'

/** The subscription by the gateway's id or by ours, invoices that came before it, and whose it is. */
export function seekSubscription({ gatewayId, florinId, customerId }: SubscriptionObservation): readonly Find[] {
  return [
    one('subscriptions', { gatewayId }),
    ...(florinId === null ? [] : [one('subscriptions', { id: florinId })]),
    many('invoices', { subscriptionGatewayId: gatewayId, subscriptionId: null }),
    ...seekOwner(customerId),
  ]
}

/** Folds an observation of a subscription; invoices that arrived before it find it here. */
export function foldSubscription(rows: RowSet, observation: SubscriptionObservation, observing: Observing): Folded {
  const { gatewayId, customerId } = observation
  const known = rowOf(rows, 'subscriptions', observation)
  const base = known ?? adopted(observation, observing)
  const named: SubscriptionRow = {
    ...base,
    gatewayId,
    customerId: base.customerId ?? customerId,
    userId: base.userId ?? userOf(rows, customerId),
    clientSecret: observation.clientSecret === undefined ? base.clientSecret : observation.clientSecret,
  }
  const next = fold(named, subscriptionGroup, observation.subscription, asSent(observing, 'subscriptions', gatewayId))
  const changed =
    !known ||
    next.observed !== known.observed ||
    next.gatewayId !== known.gatewayId ||
    next.userId !== known.userId ||
    next.clientSecret !== known.clientSecret
  const facts = factsOf(known, next, observation)
  if (!changed) return { rows, facts }
  const { now } = observing
  const dueAt = lookAgainAt(next, observing, { open: !isEnded(next) })
  const put = putRow(rows, 'subscriptions', { ...next, updatedAt: now, dueAt })
  return { rows: linkInvoices(put, next, observing), facts }
}

function linkInvoices(rows: RowSet, { id, gatewayId, userId }: SubscriptionRow, { now }: Observing): RowSet {
  return rowsOf(rows, 'invoices')
    .filter((invoice) => invoice.subscriptionId === null && invoice.subscriptionGatewayId === gatewayId)
    .reduce(
      (set, invoice) =>
        putRow(set, 'invoices', {
          ...invoice,
          subscriptionId: id,
          userId: invoice.userId ?? userId,
          updatedAt: now,
        }),
      rows,
    )
}

function adopted(observation: SubscriptionObservation, { newId }: Observing): SubscriptionRow {
  const createdAt = timestampOfSeconds(observation.created)
  return {
    ...unobserved,
    ...observation.subscription.facts,
    id: newId('subscription'),
    version: 0,
    createdAt,
    updatedAt: createdAt,
    userId: null,
    customerId: observation.customerId,
    gatewayId: observation.gatewayId,
    clientSecret: null,
  }
}

function factsOf(
  known: SubscriptionRow | undefined,
  next: SubscriptionRow,
  { subscription, trialWillEnd }: SubscriptionObservation,
): readonly Fact[] {
  const { facts, stamp } = subscription
  const data = toSubscription(next, { withSecret: false })
  const fact = (type: DomainEventType, discriminator: string): Fact => ({
    type,
    objectId: next.id,
    discriminator,
    stamp,
    data,
  })
  // A row of ours that Stripe had not made yet, or of which it seemed so, is news.
  const wasKnown = known !== undefined && known.gatewayId !== null
  const changed = wasKnown && fingerprint(shown(next)) !== fingerprint(shown(known))
  // Renewals go on telling of arrears: one that was overtaken tells nothing that the event of their beginning does not.
  const isBehind = next.status === 'past_due' || subscription.before?.status !== 'past_due'
  return [
    ...(wasKnown ? [] : [fact('subscription.created', 'created')]),
    ...(changed ? [fact('subscription.updated', `${stamp}.${fingerprint(facts)}`)] : []),
    ...(trialWillEnd ? [fact('subscription.trial_will_end', facts.trialEnd ?? '')] : []),
    ...(facts.status === 'past_due' && known?.status !== 'past_due' && isBehind
      ? [fact('subscription.past_due', facts.latestInvoice ?? facts.items[0]?.currentPeriodStart ?? '')]
      : []),
    ...(isEnded(facts) && !(known && isEnded(known)) ? [fact('subscription.canceled', 'canceled')] : []),
  ]
}

const shown = (row: SubscriptionRow) => ({ ...toSubscription(row, { withSecret: false }), updatedAt: null })
