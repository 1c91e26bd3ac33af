import { z } from 'zod'
import { type LookedUp, nounOf, objectOfCall, type PreparedCall } from '../ports/gateway.ts'
import { page, pathOf, type StripeRequests, toAccepted } from './stripe-requests.ts'
import { idIn, isWire, METADATA, type Wire } from './wire.ts'

// Stripe's clock and ours may differ; a search that starts early finds no more by that, for the operation's id decides.
const EARLIER_SECONDS = 7200

/**
 * What became of a call. One that changes an object: the object as it is. One that makes an object: the object whose
 * metadata name our operation, among the customer's (or payment's) since then. Lists and not Stripe's search: search
 * lags behind, and is not offered everywhere.
 */
export async function lookUp(requests: StripeRequests, call: PreparedCall, since: number): Promise<LookedUp> {
  if (call.subject !== null) return read(requests, call, call.subject)
  // It is in no list and carries no metadata. To make it twice does no harm: it is a link, good for some minutes.
  if (call.call === 'billing_portal_session.create') return { answer: undefined, at: null }
  const operation = isWire(call.params.metadata) ? call.params.metadata[METADATA.operation] : undefined
  const isMade = ({ metadata }: Wire) => isWire(metadata) && metadata[METADATA.operation] === operation
  const filter = { ...filterShape.parse(call.params), 'created[gte]': Math.max(since - EARLIER_SECONDS, 0) }
  // Newest first: what is made while the search goes on would be on the first page.
  let at: number | undefined
  for (let after: string | undefined; ; ) {
    const { data, stamp, next } = await page(requests, { of: nounOf(call.call), path: call.path, filter, after })
    at ??= stamp
    const made = idIn(data.find(isMade))
    // A list does not tell everything that hangs on it.
    if (made !== null) return read(requests, call, made)
    if (next === null) return { answer: undefined, at }
    after = next
  }
}

/** Reads what a call made or changes, with what hangs on it. On what is not there nothing can be done any more. */
async function read(requests: StripeRequests, { call, path }: PreparedCall, id: string): Promise<LookedUp> {
  const object = objectOfCall[call]
  const found = await requests.get(
    `${nounOf(call)}.read`,
    object ? pathOf({ object, gatewayId: id }) : `${path}/${encodeURIComponent(id)}`,
  )
  return found ? { answer: toAccepted(found), at: found.stamp } : { answer: undefined, at: null }
}

const filterShape = z.object({ customer: z.string().optional(), payment_intent: z.string().optional() })
