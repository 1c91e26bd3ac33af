import { isOurs, objectId } from '../input/object-ids.ts'
import { type Group, type Observed, rankBy, type Sighting } from '../observations/join.ts'
import type { Identity } from '../observations/observation.ts'
import type { Timestamp } from '../time.ts'

export const paymentStatuses = [
  'pending',
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'failed',
  'canceled',
  'unknown',
] as const

/**
 * `pending`: asked for, the gateway's answer not known yet. `failed`: declined; not final, for the holder of the client
 * secret can still pay. Only `succeeded` and `canceled` are final. `unknown`: Stripe says a word that Florin does not
 * know yet, or only a charge or a Checkout session told of the payment so far.
 */
export type PaymentStatus = (typeof paymentStatuses)[number]

/** Why the last attempt failed, in Stripe's codes. */
export type PaymentFailure = {
  readonly code: string
  readonly declineCode: string | null
  readonly message: string | null
}

/** What the customer has to do next, as Stripe.js needs it. */
export type NextAction = {
  readonly type: string
  readonly redirectUrl: string | null
}

export type CaptureMethod = 'automatic' | 'manual'

/** A row of `transactions`. */
export interface PaymentRow extends Observed {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  /** Null for payments made elsewhere whose customer is not linked to a user. */
  readonly userId: string | null
  readonly customerId: string | null
  readonly gatewayId: string | null
  readonly amount: number
  readonly currency: string
  readonly status: PaymentStatus
  /** Stripe's own word where `status` is `unknown`. */
  readonly gatewayStatus: string | null
  readonly amountCapturable: number
  readonly amountCaptured: number
  readonly amountRefunded: number
  readonly captureMethod: CaptureMethod
  readonly paymentMethod: string | null
  readonly failure: PaymentFailure | null
  readonly nextAction: NextAction | null
  readonly chargeId: string | null
  /** The charge's own figure; `amountRefunded` also counts refunds that it does not know yet. */
  readonly chargeRefunded: number
  readonly description: string | null
  readonly reference: string | null
  /** The payment that had the claim to pay the same reference when this one succeeded. */
  readonly duplicateOf: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly clientSecret: string | null
}

/** The statuses that are never left for a lower-ranked one. An authorised payment ends captured or canceled. */
export const paymentRanks = { requires_capture: 1, succeeded: 2, canceled: 2 } as const

const rank = rankBy<PaymentStatus>(paymentRanks)

const intentFields = [
  'amount',
  'currency',
  'status',
  'gatewayStatus',
  'amountCapturable',
  'amountCaptured',
  'captureMethod',
  'paymentMethod',
  'failure',
  'nextAction',
  'chargeId',
] as const satisfies readonly (keyof PaymentRow)[]

const chargeFields = ['chargeRefunded'] as const satisfies readonly (keyof PaymentRow)[]

export type IntentFacts = Pick<PaymentRow, (typeof intentFields)[number]>
export type ChargeFacts = Pick<PaymentRow, (typeof chargeFields)[number]>

/** The groups of a payment: what its PaymentIntent tells, and what its charge tells of refunds. */
export const intentGroup: Group<PaymentRow, (typeof intentFields)[number]> = {
  name: 'intent',
  fields: intentFields,
  rank: ({ status }) => rank(status),
}

export const chargeGroup: Group<PaymentRow, (typeof chargeFields)[number]> = {
  name: 'charge',
  fields: chargeFields,
  rank: () => 0,
}

export interface PaymentObservation extends Identity {
  readonly object: 'payment'
  readonly intent?: Sighting<IntentFacts>
  readonly charge?: Sighting<ChargeFacts>
  /** What names the attempt that left it so: the charge that was declined, or the action that is asked for. */
  readonly attempt?: string
  /** The event said that an attempt failed. */
  readonly paymentFailed?: boolean
  readonly clientSecret?: string
  readonly description?: string | null
  readonly metadata?: Readonly<Record<string, string>>
  /** The user and the reference that the object's metadata name. */
  readonly userId?: string | null
  readonly reference?: string | null
  /** The sum, as a charge or a Checkout session tells it: enough to make a row of, which is then read. */
  readonly sum?: { readonly amount: number; readonly currency: string }
}

/** A payment as Florin shows it. Amounts in the currency's smallest unit, times in UTC. */
export type Payment = {
  readonly id: string
  readonly object: 'payment'
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string | null
  readonly amount: number
  readonly amountCapturable: number
  readonly amountCaptured: number
  readonly amountRefunded: number
  readonly currency: string
  readonly status: PaymentStatus
  readonly paymentMethod: string | null
  readonly description: string | null
  readonly reference: string | null
  /** The payment that was to pay the same reference: this one came besides. */
  readonly duplicateOf: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly captureMethod: CaptureMethod
  readonly failure: PaymentFailure | null
  readonly nextAction: NextAction | null
  /** For Stripe.js in the browser of the paying user. Only for the owner, only while the payment is open, never in lists. */
  readonly clientSecret: string | null
  readonly stripePaymentIntentId: string | null
}

const finalStatuses: readonly PaymentStatus[] = ['succeeded', 'canceled']

/** Whether nothing can change a payment's status any more. */
const isFinal = ({ status }: Pick<PaymentRow, 'status'>): boolean => finalStatuses.includes(status)

/** Whether the gateway may still tell something new of a payment by itself. */
export const isOpenPayment = (row: PaymentRow): boolean => !isFinal(row)

/** Shows a row; the client secret only where `withSecret` says that its owner (or the service acting for it) asks. */
export function toPayment(row: PaymentRow, { withSecret }: { withSecret: boolean }): Payment {
  return {
    id: row.id,
    object: 'payment',
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    userId: row.userId,
    amount: row.amount,
    amountCapturable: row.amountCapturable,
    amountCaptured: row.amountCaptured,
    amountRefunded: row.amountRefunded,
    currency: row.currency,
    status: row.status,
    paymentMethod: row.paymentMethod,
    description: row.description,
    reference: row.reference,
    duplicateOf: row.duplicateOf,
    metadata: row.metadata,
    captureMethod: row.captureMethod,
    failure: row.failure,
    nextAction: row.nextAction,
    clientSecret: withSecret && !isFinal(row) ? row.clientSecret : null,
    stripePaymentIntentId: row.gatewayId,
  }
}

/** Accepts Florin's id or Stripe's. */
export const paymentId = objectId('payment')

/** The lookup of what belongs to a payment, its refunds and disputes, by either id of the payment. */
export const ofPayment = (id: string): { readonly paymentId: string } | { readonly paymentGatewayId: string } =>
  isOurs('payment', id) ? { paymentId: id } : { paymentGatewayId: id }
