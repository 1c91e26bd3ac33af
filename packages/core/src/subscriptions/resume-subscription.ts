import { z } from 'zod'
import { scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { RefusedError } from '../errors.ts'
import { perform } from '../operations/perform.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import type { FindOne } from '../ports/storage.ts'
import { callOn, changeOf, found, settleChange } from './change-subscription.ts'
import { isEnded, isEnding, type Subscription, subscriptionId, toSubscription } from './subscription.ts'

const resumeSubscriptionInput = z.strictObject({ id: subscriptionId })

export type ResumeSubscription = z.input<typeof resumeSubscriptionInput>

/** As data, so that recovery can go on with it. */
export const resumeSubscriptionUseCase: UseCase<
  z.output<typeof resumeSubscriptionInput>,
  { subscription: FindOne<'subscriptions'> },
  Subscription
> = {
  kind: 'subscription.resume',
  input: resumeSubscriptionInput,
  ...changeOf('subscriptions:update'),
  authorize: (_, actor) => void scopeOf(actor, 'subscriptions:update'),
  intend(loaded, { id }) {
    const subscription = found(loaded.subscription, id)
    const { gatewayId } = subscription
    if (gatewayId === null || isEnded(subscription)) {
      const message = `a subscription that is ${subscription.status} cannot be resumed; make a new one`
      throw new RefusedError('subscription_not_resumable', message)
    }
    if (subscription.status === 'paused') {
      return callOn(subscription, 'resume', { do: 'subscription.resume', subscription: gatewayId })
    }
    if (!isEnding(subscription)) return { done: toSubscription(subscription, { withSecret: false }) }
    // In flexible billing mode the end may be a date alone, which is taken back as such.
    const back = subscription.cancelAtPeriodEnd ? { cancelAtPeriodEnd: false } : { cancelAt: null }
    return callOn(subscription, 'resume', { do: 'subscription.update', subscription: gatewayId, ...back })
  },
  settle: (settling) =>
    settleChange(settling, 'subscription_not_resumable', (row) => !isEnding(row) && row.status !== 'paused'),
}

/** Resumes a subscription; `Subscriptions.resume` says what is promised. */
export function resumeSubscription(
  deps: Deps,
  input: ResumeSubscription,
  caller: Caller,
): Promise<Performed<Subscription>> {
  return perform(deps, resumeSubscriptionUseCase, input, caller)
}
