import Stripe from 'stripe'
import { address, httpRequest } from './http.ts'
import { stripeEvents } from './stripe-events.ts'

/** Webhooks as Stripe sends them: each a new event, signed by stripe-node. */
export async function makeRequests(parameters: Readonly<Record<string, unknown>>, count: number): Promise<Buffer[]> {
  const { path, secret, round, sameSecond } = parameters
  if (typeof path !== 'string' || typeof secret !== 'string') throw new Error('webhooks need a path and a secret')
  const events = await stripeEvents({ round: Number(round), sameSecond: sameSecond === true })
  return Array.from({ length: count }, (_, index) => {
    const payload = events(index)
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret })
    const headers = {
      'Content-Type': 'application/json; charset=utf-8',
      'Stripe-Signature': signature,
      'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      'X-Forwarded-For': address(index),
    }
    return httpRequest('POST', path, headers, payload)
  })
}
