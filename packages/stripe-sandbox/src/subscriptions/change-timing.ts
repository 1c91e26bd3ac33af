import { versionRank } from '../engine/api-versions.ts'
import type { Context } from '../engine/context.ts'
import { invalidParam, notImitated } from '../engine/stripe-failure.ts'
import type { NewLine } from '../invoices/invoice-line.ts'
import { amountOf, cadenceOf } from '../prices/price.ts'
import { nextBoundary, sameCadence } from './billing-period.ts'
import { creditUnused } from './proration.ts'
import { itemList, type StoredSubscription, type StoredSubscriptionItem, subscriptions } from './subscription.ts'
import { periodOf, withPeriods } from './subscription-items.ts'
import { lineOfPeriod, lineOfTrial } from './subscription-lines.ts'
import { requireFuture } from './subscription-params.ts'
import { announceTrialEnd, trialNoticeTask } from './subscription-trial.ts'

/** What an update does to the billing cycle. */
export type Timing =
  | { readonly kind: 'same' }
  /** A new cycle begins now and is billed at once. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'trial'; readonly end: number }

/** How the anchor may be sent: a word before endive, an object since. */
export type SentAnchor = 'now' | 'unchanged' | { readonly type: 'now' | 'unchanged' } | undefined

/** The word in either form, if the API version of the request has that form. */
export function anchorWord({ apiVersion }: Context, sent: SentAnchor): 'now' | 'unchanged' | undefined {
  if (sent === undefined) return undefined
  const hasObject = versionRank(apiVersion) >= versionRank('2026-09-30.endive')
  if (hasObject !== (typeof sent === 'object')) {
    throw invalidParam(hasObject ? 'Invalid object' : 'Invalid string: {}', 'billing_cycle_anchor')
  }
  return typeof sent === 'object' ? sent.type : sent
}

/** Decides whether the cycle goes on, begins anew or gives way to a trial. */
export function timingOf(
  context: Context,
  before: StoredSubscription,
  items: readonly StoredSubscriptionItem[],
  params: { trial_end?: 'now' | number; trial_from_plan?: boolean; billing_cycle_anchor?: SentAnchor },
): Timing {
  const trialing = before.status === 'trialing'
  const anchor = anchorWord(context, params.billing_cycle_anchor)
  if (params.trial_from_plan === true) {
    throw notImitated('trial_from_plan on updates', 'trial_from_plan')
  }
  if (typeof params.trial_end === 'number') {
    requireFuture(context, params.trial_end, 'trial_end')
    return { kind: 'trial', end: params.trial_end }
  }
  if (trialing && params.trial_end === 'now') return { kind: 'restart' }
  if (trialing && anchor === 'now') {
    throw notImitated('a new billing_cycle_anchor within a trial', 'billing_cycle_anchor')
  }
  if (trialing || before.status === 'paused') return { kind: 'same' }
  return anchor === 'now' || changesRhythm(before, items) || becomesPaid(before, items)
    ? { kind: 'restart' }
    : { kind: 'same' }
}

const changesRhythm = (before: StoredSubscription, items: readonly StoredSubscriptionItem[]): boolean =>
  before.items.data.some((item) => {
    const after = items.find((other) => other.id === item.id)
    return after !== undefined && !sameCadence(cadenceOf(item.price), cadenceOf(after.price))
  })

const becomesPaid = (before: StoredSubscription, items: readonly StoredSubscriptionItem[]): boolean =>
  sumOf(before.items.data) === 0 && sumOf(items) > 0

const sumOf = (items: readonly StoredSubscriptionItem[]): number =>
  items.reduce((sum, { price, quantity }) => sum + amountOf(price, quantity), 0)

interface TimingChange {
  readonly before: StoredSubscription
  /** From when unused time is given back. */
  readonly from: number
  readonly prorates: boolean
}

/** Begins a new cycle now: unused time is given back, and every item has a whole new period. Gives the lines. */
export function restartCycle(context: Context, { before, from, prorates }: TimingChange): NewLine[] {
  const { now } = context
  if (prorates) for (const item of before.items.data) creditUnused(context, { subscription: before, item, from })
  context.unschedule(trialNoticeTask, before.id)
  const current = context.inPath(subscriptions, before.id)
  const items = withPeriods(current, ({ price }) => ({ start: now, end: nextBoundary(now, cadenceOf(price), now) }))
  const restarted = context.store.update(subscriptions, before.id, {
    billing_cycle_anchor: now,
    items: itemList(before.id, items),
    ...(before.status === 'trialing' ? { status: 'active', trial_end: now } : {}),
  })
  return restarted.items.data.map((item) => lineOfPeriod(context, { subscription: restarted, item }))
}

/** Begins a trial, or moves the end of a running one. Gives the lines: only a trial that begins is invoiced. */
export function startTrial(
  context: Context,
  { before, from, prorates, end }: TimingChange & { readonly end: number },
): NewLine[] {
  const { now } = context
  const running = before.status === 'trialing'
  if (prorates) for (const item of before.items.data) creditUnused(context, { subscription: before, item, from })
  const current = context.inPath(subscriptions, before.id)
  const items = withPeriods(current, (item) => ({ start: running ? periodOf(item).start : now, end }))
  const trialing = context.store.update(subscriptions, before.id, {
    billing_cycle_anchor: end,
    items: itemList(before.id, items),
    status: 'trialing',
    trial_end: end,
    trial_start: running ? before.trial_start : now,
  })
  announceTrialEnd(context, trialing)
  return running ? [] : trialing.items.data.map((item) => lineOfTrial(context, { subscription: trialing, item }))
}
