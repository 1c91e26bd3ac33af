import type { Context } from '../engine/context.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { behaviourOf } from '../payment-methods/payment-method.ts'
import { openSetupIntent } from '../setup-intents/open-setup-intent.ts'
import { setupIntents } from '../setup-intents/setup-intent.ts'
import type { StoredSubscription } from './subscription.ts'
import type { WantedItem } from './subscription-items.ts'
import { requireFuture } from './subscription-params.ts'

const day = 86_400

/** So long before a trial ends Stripe announces it. */
const trialNotice = 3 * day

/** The task that announces the end of a trial. */
export const trialNoticeTask = 'subscription.trial_will_end'

/** The end of the trial that a request asks for, or null for none. */
export function requestedTrialEnd(
  context: Context,
  params: { trial_end?: 'now' | number; trial_period_days?: number; trial_from_plan?: boolean },
  items: readonly WantedItem[],
): number | null {
  const { trial_end: end, trial_period_days: days, trial_from_plan: fromPlan = false } = params
  if (end !== undefined && (fromPlan || days !== undefined)) {
    throw invalidRequest(
      `You may only specify one of these parameters: trial_end, ${fromPlan ? 'trial_from_plan' : 'trial_period_days'}.`,
      { param: 'trial_end' },
    )
  }
  if (end === 'now') return null
  if (end !== undefined) {
    requireFuture(context, end, 'trial_end')
    if (end > context.now + 730 * day) {
      throw invalidRequest('The maximum number of trial period days is 730 (2 years).', { param: 'trial_end' })
    }
    return end
  }
  const ofPlan = fromPlan ? Math.max(...items.map(({ price }) => price.recurring?.trial_period_days ?? 0)) : 0
  const length = days ?? ofPlan
  return length > 0 ? context.now + length * day : null
}

/** Announces the end of a trial three days before it, or at once if it is shorter. */
export function announceTrialEnd(context: Context, subscription: StoredSubscription): void {
  const end = subscription.trial_end
  context.unschedule(trialNoticeTask, subscription.id)
  if (end === null || end <= context.now) return
  if (end - trialNotice <= context.now) context.emit('customer.subscription.trial_will_end', subscription)
  else context.schedule({ at: end - trialNotice, kind: trialNoticeTask, id: subscription.id })
}

/**
 * The SetupIntent that a subscription without a first payment waits for: to collect a card, or the customer's consent to
 * later charges of the one it has. Null when the card needs nothing.
 */
export function pendingSetup(
  context: Context,
  { customer, method, incomplete }: { customer: string; method: string | null; incomplete: boolean },
): string | null {
  if (method !== null) {
    const { card, facts } = behaviourOf(context, method)
    if (card.authentication === undefined || card.authentication === 'on_session' || facts.set_up) return null
    return openSetupIntent(context, { customer, usage: 'off_session', payment_method: method }).id
  }
  return incomplete ? openSetupIntent(context, { customer, usage: 'off_session' }).id : null
}

/** Lets go of the SetupIntent of a subscription that has ended. */
export function cancelPendingSetup(context: Context, { pending_setup_intent: id }: StoredSubscription): void {
  const intent = id === null ? undefined : context.store.find(setupIntents, id)
  if (intent === undefined || intent.status === 'succeeded' || intent.status === 'canceled') return
  const canceled = context.store.update(setupIntents, intent.id, { next_action: null, status: 'canceled' })
  context.emit('setup_intent.canceled', canceled)
}
