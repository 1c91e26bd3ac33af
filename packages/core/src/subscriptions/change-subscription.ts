import { type Actor, type Permission, scopeOf } from '../actor.ts'
import { InvalidError, type RefusedError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { rowWithId } from '../observations/row-set.ts'
import { leaseOn } from '../operations/lease.ts'
import type { OperationRow } from '../operations/operation.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Decision, Settled, Settling } from '../operations/use-case.ts'
import type { GatewayCall } from '../ports/gateway.ts'
import { one } from '../ports/storage.ts'
import { isEnded, type Subscription, type SubscriptionRow, toSubscription } from './subscription.ts'

/** What update, resume and cancel have in common: they read one subscription that the actor may change, and lease it. */
export const changeOf = (permission: Permission) => ({
  target: ({ id }: { id: string }) => id,
  lease: ({ id }: { id: string }) => leaseOn('subscription', id),
  authorize: (_: unknown, actor: Actor) => void scopeOf(actor, permission),
  read: ({ id }: { id: string }, actor: Actor) => ({
    subscription: one('subscriptions', { ...keyOf('subscription', id), ...scopeOf(actor, permission) }),
  }),
  reread: ({ objectId }: OperationRow) => ({ subscription: one('subscriptions', { id: objectId ?? '' }) }),
})

/** @throws `invalid` subscription_not_found */
export function found(subscription: SubscriptionRow | undefined, id: string): SubscriptionRow {
  if (!subscription) throw new InvalidError('subscription_not_found', `no subscription ${id}`)
  return subscription
}

/** The decision to make one call on a subscription. */
export function callOn(
  { id, userId }: SubscriptionRow,
  name: string,
  call: GatewayCall,
): Extract<Decision<Subscription>, { step: unknown }> {
  return { objectId: id, userId, changes: [], lease: leaseOn('subscription', id), step: { name, call } }
}

/** What takes a scheduled end back: in flexible billing mode it may be a date alone, which is taken back as such. */
export const withoutEnd = ({
  cancelAtPeriodEnd,
  cancelAt,
}: SubscriptionRow): { readonly cancelAtPeriodEnd: false } | { readonly cancelAt: null } =>
  !cancelAtPeriodEnd && cancelAt !== null ? { cancelAt: null } : { cancelAtPeriodEnd: false }

const TAKE_BACK_DATE = 'take_back_date'

/** The second step where the end was taken back and the answer shows a date that nothing told of before. */
export function dateTakenBack<Input>(settling: Settling<Input>): Settled<Subscription> | undefined {
  const { answer, step, rows } = settling
  const { gatewayId, cancelAtPeriodEnd, cancelAt, status } = subscriptionOf(settling)
  const isLeft = answer.outcome === 'accepted' && !cancelAtPeriodEnd && cancelAt !== null && !isEnded({ status })
  if (!isLeft || step === TAKE_BACK_DATE || gatewayId === null) return undefined
  return {
    rows,
    step: { name: TAKE_BACK_DATE, call: { do: 'subscription.update', subscription: gatewayId, cancelAt: null } },
  }
}

/** The subscription that an operation made or changes. */
export function subscriptionOf<Input>({
  rows,
  operation,
}: Pick<Settling<Input>, 'rows' | 'operation'>): SubscriptionRow {
  return rowWithId(rows, 'subscriptions', operation.objectId)
}

/**
 * Shows the subscription as it is now; a refusal stands unless the state is the wanted one already. Its secret is for the
 * owner, and for the host that acts for the owner.
 */
export function settleChange<Input>(
  settling: Settling<Input>,
  whenState: RefusedError['code'],
  alreadySo: (subscription: SubscriptionRow) => boolean,
  { withSecret }: { withSecret: boolean } = { withSecret: true },
): Settled<Subscription> {
  const { answer, rows } = settling
  const subscription = subscriptionOf(settling)
  if (answer.outcome !== 'rejected' || alreadySo(subscription)) {
    return { rows, done: toSubscription(subscription, { withSecret }) }
  }
  return { rows, refused: rejectionError(answer.rejection, whenState) }
}
