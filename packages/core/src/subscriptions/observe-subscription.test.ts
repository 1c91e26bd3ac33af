import fc from 'fast-check'
import { expect, it } from 'vitest'
import { subscription } from '../../test/any-observation.ts'
import { rowsOf } from '../observations/row-set.ts'
import { timestamp } from '../time.ts'
import { foldSubscription } from './observe-subscription.ts'
import type { SubscriptionObservation, SubscriptionStatus } from './subscription.ts'

const observing = {
  ...{ now: timestamp(1_000_000), newId: () => 'subscription_1', installation: 'florin', sweepAfterMs: 1000 },
}

const [sample] = fc.sample(subscription, { numRuns: 1, seed: 1 })

/** What is shown of a subscription once these statuses were told of it, one a second. */
function shownAfter(...statuses: readonly SubscriptionStatus[]) {
  if (!sample) throw new Error('a sample was asked for')
  const { before: _, ...seen } = sample.subscription
  const rows = statuses
    .map((status, index): SubscriptionObservation => {
      const facts = { ...seen.facts, status, gatewayStatus: status === 'unknown' ? 'frozen' : null }
      return { ...sample, subscription: { facts: { ...facts, cancelAtPeriodEnd: index > 0 }, stamp: 100 + index } }
    })
    .reduce((set, told) => foldSubscription(set, told, observing).rows, {})
  return rowsOf(rows, 'subscriptions')
}

it('a word of Stripe that Florin does not know is shown, with all that came with it', () => {
  expect(shownAfter('active', 'unknown')).toMatchObject([
    { status: 'unknown', gatewayStatus: 'frozen', cancelAtPeriodEnd: true },
  ])
})

it('and left for the next word that it knows, but never shown in place of an end', () => {
  expect(shownAfter('active', 'unknown', 'past_due')).toMatchObject([{ status: 'past_due' }])
  expect(shownAfter('canceled', 'unknown')).toMatchObject([{ status: 'canceled' }])
})
