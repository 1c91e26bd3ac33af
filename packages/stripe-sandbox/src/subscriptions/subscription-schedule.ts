import type { Context } from '../engine/context.ts'
import { isEnded, nextPeriodEnd, type StoredSubscription } from './subscription.ts'
import { trialNoticeTask } from './subscription-trial.ts'

/** The task at the end of a period: renewal, the end of a trial, or a scheduled cancellation. */
export const periodTask = 'subscription.period_end'

/** The task of a cancellation within a period. */
export const cancelTask = 'subscription.cancel'

/** The task that gives up on a first payment. */
export const expireTask = 'subscription.expire'

/** The task that ends a pause of collection. */
export const resumeCollectionTask = 'subscription.resume_collection'

/** A first invoice must be paid within so many seconds. */
export const firstPaymentWindow = 23 * 60 * 60

/** Plans all that time will do to a subscription, and forgets what was planned before. */
export function scheduleSubscription(context: Context, subscription: StoredSubscription): void {
  const { id, status, cancel_at: cancelAt, pause_collection: pause } = subscription
  for (const kind of [periodTask, cancelTask, expireTask, resumeCollectionTask]) context.unschedule(kind, id)
  if (isEnded(subscription)) {
    context.unschedule(trialNoticeTask, id)
    return
  }
  if (status === 'incomplete') {
    context.schedule({ at: subscription.created + firstPaymentWindow, kind: expireTask, id })
  }
  // A paused subscription stands still, except that it can still be canceled.
  if (cancelAt !== null) context.schedule({ at: cancelAt, kind: cancelTask, id })
  if (status !== 'paused') context.schedule({ at: nextPeriodEnd(subscription), kind: periodTask, id })
  if (typeof pause?.resumes_at === 'number') {
    context.schedule({ at: pause.resumes_at, kind: resumeCollectionTask, id })
  }
}
