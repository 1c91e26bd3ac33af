import { z } from 'zod'
import { answerJson } from '../answer.ts'
import type { Endpoint } from '../endpoint.ts'
import { wholeBody } from '../whole-body.ts'

// As the bytes are: a mark at the beginning that text() would take away was not signed.
const asSigned = new TextDecoder('utf-8', { ignoreBOM: true })

/** Stripe's webhooks: the raw body is what was signed, so it is passed on unread. No token, the signature proves it. */
export const stripe: Endpoint = {
  kind: 'webhook',
  document: {
    name: 'receiveStripeWebhook',
    tag: 'Webhooks',
    summary: "Take an event of Stripe's",
    description: 'Answered only once the event is stored; anything but 2xx makes Stripe send it again.',
    body: { schema: z.looseObject({ id: z.string(), type: z.string() }).meta({ id: 'StripeEvent' }), optional: false },
    success: { status: 200, schema: z.object({ received: z.literal(true) }).meta({ id: 'Received' }) },
    problems: [
      'webhook_signature_invalid',
      'webhook_payload_invalid',
      'storage_unavailable',
      'overloaded',
      'webhook_event_not_applied',
    ],
  },
  handle: (florin) => async (c) => {
    const body = asSigned.decode(await wholeBody(c.req.arrayBuffer()))
    await florin.webhooks.receive(body, c.req.header('stripe-signature'))
    return answerJson(c, 200, { received: true })
  },
}
