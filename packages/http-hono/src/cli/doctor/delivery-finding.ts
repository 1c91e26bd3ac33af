import type Stripe from 'stripe'
import { webhookTypes } from '../../webhook-types.ts'
import { type Finding, fail, pass, warn } from './finding.ts'

const HOUR = 3600
/** Stripe sends again what was not taken; what is younger may be under way. */
const UNDER_WAY_SECONDS = HOUR
const LOOKED_BACK_SECONDS = 24 * HOUR
const MOST = 100

/**
 * What Stripe says of its deliveries. The rows cannot tell: what catching up stored looks as if a webhook had brought it.
 * Stripe counts an event as delivered once all endpoints of the account took it, so where others have endpoints too, it
 * may be theirs that fails.
 */
export async function deliveryFinding(
  { events }: Pick<Stripe, 'events'>,
  { now, isOnlyOurs }: { readonly now: number; readonly isOnlyOurs: boolean },
): Promise<Finding> {
  const check = 'webhook deliveries'
  const gte = now - LOOKED_BACK_SECONDS
  const types = [...webhookTypes.needed]
  const [missed, taken] = await Promise.all([
    events.list({ types, delivery_success: false, created: { gte, lte: now - UNDER_WAY_SECONDS }, limit: MOST }),
    events.list({ types, delivery_success: true, created: { gte }, limit: 1 }),
  ])
  const [newestMissed, newestTaken] = [missed.data[0], taken.data[0]]
  if (!newestMissed)
    return pass(
      check,
      newestTaken ? 'Stripe delivered all of the last day' : 'there was nothing to deliver in the last day',
    )
  const count = missed.has_more ? `more than ${MOST}` : missed.data.length
  const whose = isOnlyOurs ? '' : ' to every endpoint of the account'
  const isOver = newestTaken !== undefined && newestTaken.created > newestMissed.created
  const says = `${count} of the last day were not delivered${whose}${isOver ? '; later ones were' : ''}`
  const fix = 'see at https://dashboard.stripe.com/webhooks why; florin reconcile brings what is missing'
  return isOnlyOurs && !isOver ? fail(check, says, fix) : warn(check, says, fix)
}
