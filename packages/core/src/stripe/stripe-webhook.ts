import type Stripe from 'stripe'
import { z } from 'zod'
import { InvalidError } from '../errors.ts'
import type { GatewayEvent } from '../ports/gateway.ts'
import { observeObject, type Telling } from './observe-object.ts'
import { idOf, isWire, labels, readMetadata, type Sight, text, type Wire, wire } from './wire.ts'

// Stripe's own advice: older signatures are replays. Tolerance 0 would switch the check off.
const TOLERANCE_SECONDS = 300

const YEAR_2100 = 4_102_444_800

const eventShape = z.object({
  id: z.string(),
  object: z.literal('event'),
  type: z.string(),
  api_version: text,
  livemode: z.boolean(),
  account: text,
  context: text,
  created: z.int().min(0).max(YEAR_2100),
  data: z.object({ object: wire, previous_attributes: wire.nullish() }),
})

/**
 * Verifies a webhook over its raw text with any of the secrets (two are valid while one is rolled) and reads it.
 *
 * @throws `invalid` webhook_signature_invalid, webhook_payload_invalid (thin events, signed text that is no event)
 */
export async function verifyStripeWebhook(
  stripe: Stripe,
  secrets: readonly string[],
  body: string,
  signature: string | undefined,
): Promise<GatewayEvent> {
  return readStripeEvent(await verified(stripe, secrets, body, signature))
}

/**
 * Reads an event of Stripe's, of any API version.
 *
 * @throws `invalid` webhook_payload_invalid
 */
export function readStripeEvent(event: unknown): GatewayEvent {
  const parsed = eventShape.safeParse(event)
  if (!parsed.success) throw new InvalidError('webhook_payload_invalid', 'the signed body is not a snapshot event')
  const { id, type, api_version, livemode, account, context, created, data } = parsed.data
  const { object, previous_attributes: previous } = data
  const sight = { stamp: created, previous: isWire(previous ?? undefined) ? (previous ?? undefined) : undefined }
  const telling = {
    deleted: type === 'customer.deleted' || type === 'invoice.deleted',
    trialWillEnd: type === 'customer.subscription.trial_will_end',
    paymentFailed: type === 'invoice.payment_failed' || type === 'payment_intent.payment_failed',
  }
  return {
    ...{ id, type, livemode, account, created },
    // A path that ends with the account: acct_platform/acct_connected.
    context: context?.split('/').at(-1) ?? null,
    apiVersion: api_version,
    ...belonging(object),
    ...(isRead(type) ? readObject(object, sight, telling) : { observations: [] }),
  }
}

/** The ids of an object and of what it belongs to: by these an erasure finds the bodies that tell of a user. */
function belonging(object: Wire): Pick<GatewayEvent, 'objectId' | 'ownerId' | 'paymentId' | 'userId'> {
  const { id, customer, payment_intent, charge, payment, metadata } = ownership.parse(object)
  return {
    ...{ objectId: id, ownerId: customer ?? payment_intent ?? charge ?? payment?.payment_intent ?? id },
    paymentId: object.object === 'payment_intent' ? id : (payment_intent ?? payment?.payment_intent ?? null),
    userId: readMetadata(metadata).userId,
  }
}

const anId = idOf.catch(null)
const ownership = z.object({
  ...{ id: text.catch(null), customer: anId, payment_intent: anId, charge: anId, metadata: labels.catch({}) },
  // What pays an invoice names it one level deeper.
  payment: z.object({ payment_intent: anId }).optional().catch(undefined),
})

/** A signed event whose object has an unknown shape is Stripe's news, not the sender's fault: it is kept, not refused. */
function readObject(object: Wire, sight: Sight, telling: Telling): Pick<GatewayEvent, 'observations' | 'unreadable'> {
  try {
    return { observations: observeObject(object, sight, telling) }
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    const fields = error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)
    return { observations: [], unreadable: fields.join('; ') }
  }
}

// Types whose objects Florin keeps. `payment_intent.created` tells the state before the confirmation of the same second,
// which every other source tells better.
const read =
  /^(payment_intent|checkout\.session|charge\.dispute|refund|customer\.subscription|invoice|payment_method)\.|^charge\.refund(ed|\.updated)$|^customer\.(created|updated|deleted)$|^setup_intent\.succeeded$/
const unread = ['payment_intent.created', 'invoice.upcoming']

const isRead = (type: string) => read.test(type) && !unread.includes(type)

async function verified(
  stripe: Stripe,
  secrets: readonly string[],
  body: string,
  signature: string | undefined,
): Promise<unknown> {
  // Stripe's own check takes an empty code for a mistake of the program that calls it.
  const header = signature?.replaceAll(/(?<=^|,)v1=(?=,|$)/g, 'v1=none') ?? ''
  for (const secret of secrets) {
    try {
      return await stripe.webhooks.constructEventAsync(body, header, secret, TOLERANCE_SECONDS)
    } catch (error) {
      // A signature that matches no secret is tried with the next; anything else is about the signed body itself.
      if (!isSignatureError(error)) throw new InvalidError('webhook_payload_invalid', 'the signed body is not an event')
    }
  }
  const says = signature ? 'does not fit the body' : 'is missing'
  throw new InvalidError('webhook_signature_invalid', `the Stripe-Signature header ${says}`)
}

const signatureError = z.object({ type: z.literal('StripeSignatureVerificationError') })

const isSignatureError = (error: unknown) => signatureError.safeParse(error).success
