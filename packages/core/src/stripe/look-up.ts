import { z } from 'zod'
import type { Answer, GatewayCall, ObjectRef, PreparedCall } from '../ports/gateway.ts'
import { pathOf, queryOf, type StripeRequests, toAccepted } from './stripe-requests.ts'
import { isWire, METADATA, type Wire, wire } from './wire.ts'

// Stripe's clock and ours may differ; a search that starts early finds no more by that, for the operation's id decides.
const EARLIER_SECONDS = 300

/** The object that a call changes. */
const subjects: Partial<Record<GatewayCall['do'], ObjectRef['object']>> = {
  'customer.delete': 'customer',
  'customer.set_default_method': 'customer',
  'payment.confirm': 'payment',
  'payment.capture': 'payment',
  'payment.cancel': 'payment',
  'payment_method.attach': 'payment_method',
  'payment_method.detach': 'payment_method',
  'subscription.update': 'subscription',
  'subscription.resume': 'subscription',
  'subscription.cancel': 'subscription',
}

/**
 * What became of a call. One that changes an object: the object as it is. One that makes an object: the object whose
 * metadata name our operation, among the customer's (or payment's) since then. Lists and not Stripe's search: search
 * lags behind, and is not offered everywhere.
 */
export async function lookUp(requests: StripeRequests, call: PreparedCall, since: number): Promise<Answer | undefined> {
  const subject = subjects[call.call]
  if (subject !== undefined && call.subject !== null) {
    const found = await requests.get(`${subject}.read`, pathOf({ object: subject, gatewayId: call.subject }))
    return found && toAccepted(found)
  }
  // It is in no list and carries no metadata. To make it twice does no harm: it is a link, good for some minutes.
  if (call.call === 'billing_portal_session.create') return undefined
  const operation = isWire(call.params.metadata) ? call.params.metadata[METADATA.operation] : undefined
  const { customer, payment_intent } = filterShape.parse(call.params)
  const from = Math.max(since - EARLIER_SECONDS, 0)
  const noun = call.call.split('.')[0]
  const filter = {
    customer,
    payment_intent,
    'created[gte]': from,
    ...(call.call === 'subscription.create' && { status: 'all' }),
  }
  for (let after: string | undefined; ; ) {
    const page = await requests.get(
      `${noun}.list`,
      `${call.path}${queryOf({ ...filter, limit: 100, starting_after: after }, [])}`,
    )
    const { data, has_more } = listShape.parse(page?.object)
    const made = data.find((object) => isWire(object.metadata) && object.metadata[METADATA.operation] === operation)
    if (made && page) return read(requests, call, made)
    after = idOf(data.at(-1))
    if (!has_more || after === undefined) return undefined
  }
}

/** Reads the object that was found, with what hangs on it: a list does not tell everything. */
async function read(requests: StripeRequests, call: PreparedCall, made: Wire): Promise<Answer | undefined> {
  const id = idOf(made) ?? ''
  const kinds: Partial<Record<GatewayCall['do'], ObjectRef['object']>> = {
    'customer.create': 'customer',
    'payment.create': 'payment',
    'refund.create': 'refund',
    'subscription.create': 'subscription',
  }
  const object = kinds[call.call]
  const found = await requests.get(
    `${object ?? call.call.split('.')[0]}.read`,
    object ? pathOf({ object, gatewayId: id }) : `${call.path}/${encodeURIComponent(id)}`,
  )
  return found && toAccepted(found)
}

const filterShape = z.object({ customer: z.string().optional(), payment_intent: z.string().optional() })

export const listShape = z.object({ data: z.array(wire), has_more: z.boolean() })

export const idOf = (object: Wire | undefined) => (typeof object?.id === 'string' ? object.id : undefined)
