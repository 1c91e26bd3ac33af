import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { RefusedError } from '../errors.ts'
import { perform } from '../operations/perform.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import type { FindOne } from '../ports/storage.ts'
import { callOn, changeOf, found, settleChange } from './change-subscription.ts'
import { isEnded, isEnding, type Subscription, subscriptionId, toSubscription } from './subscription.ts'

/** What `subscriptions.cancel` takes. */
export interface CancelSubscription {
  /** Florin's `subscription_…` or Stripe's `sub_…`. */
  readonly id: string
  /** Paid time is used up first. Off, as where absent: it ends at once; nothing is refunded by itself. */
  readonly atPeriodEnd?: boolean | undefined
}

export const cancelSubscriptionInput = z.strictObject({
  id: subscriptionId,
  atPeriodEnd: z.boolean().default(false),
})

/** As data, so that recovery can go on with it. */
export const cancelSubscriptionUseCase: UseCase<
  z.output<typeof cancelSubscriptionInput>,
  { subscription: FindOne<'subscriptions'> },
  Subscription
> = {
  kind: 'subscription.cancel',
  afterErasure: true,
  input: cancelSubscriptionInput,
  ...changeOf('subscriptions:cancel'),
  intend(loaded, { id, atPeriodEnd }) {
    const subscription = found(loaded.subscription, id)
    // Only the end is final: that it is to end was maybe taken back at Stripe, and is said again.
    if (isEnded(subscription)) return { done: toSubscription(subscription, { withSecret: false }) }
    const { gatewayId } = subscription
    if (gatewayId === null) {
      throw new RefusedError('operation_in_progress', 'the subscription is still being made', { retryAfterSeconds: 1 })
    }
    return atPeriodEnd
      ? callOn(subscription, 'cancel', {
          do: 'subscription.update',
          subscription: gatewayId,
          cancelAtPeriodEnd: true,
        })
      : callOn(subscription, 'cancel', { do: 'subscription.cancel', subscription: gatewayId })
  },
  settle: (settling) =>
    settleChange(
      settling,
      'subscription_already_canceled',
      (row) => isEnded(row) || (settling.input.atPeriodEnd && isEnding(row)),
      // Support may cancel too.
      { withSecret: false },
    ),
}

/** Cancels a subscription; `Subscriptions.cancel` says what is promised. */
export function cancelSubscription(
  deps: Deps,
  input: CancelSubscription,
  caller: Caller,
): Promise<Performed<Subscription>> {
  return perform(deps, cancelSubscriptionUseCase, input, caller)
}
