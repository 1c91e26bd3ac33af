import { objectId } from '../input/object-ids.ts'
import type { Group, Observed, Sighting } from '../observations/join.ts'
import type { Identity } from '../observations/observation.ts'
import type { Timestamp } from '../time.ts'

/** What may be shown of a card; never its number. */
export type Card = {
  readonly brand: string
  readonly last4: string
  readonly expMonth: number
  readonly expYear: number
  readonly fingerprint: string | null
}

type PaymentMethodStatus = 'attached' | 'detached'

/** A row of `payment_methods`. */
export interface PaymentMethodRow extends Observed {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string | null
  readonly gatewayId: string
  readonly customerId: string | null
  readonly status: PaymentMethodStatus
  readonly type: string
  readonly card: Card | null
}

const attachmentFields = ['status', 'customerId'] as const satisfies readonly (keyof PaymentMethodRow)[]
const detailFields = ['type', 'card'] as const satisfies readonly (keyof PaymentMethodRow)[]

export type AttachmentFacts = Pick<PaymentMethodRow, (typeof attachmentFields)[number]>
export type DetailFacts = Pick<PaymentMethodRow, (typeof detailFields)[number]>

/** A detached method stays detached: Stripe never attaches it again. */
export const attachmentGroup: Group<PaymentMethodRow, (typeof attachmentFields)[number]> = {
  name: 'attachment',
  fields: attachmentFields,
  rank: ({ status }) => (status === 'detached' ? 1 : 0),
}

export const detailGroup: Group<PaymentMethodRow, (typeof detailFields)[number]> = {
  name: 'details',
  fields: detailFields,
  rank: () => 0,
}

export interface PaymentMethodObservation extends Identity {
  readonly object: 'payment_method'
  readonly attachment: Sighting<AttachmentFacts>
  /** Absent where only the SetupIntent that collected it was told. */
  readonly details?: Sighting<DetailFacts>
}

/** What a row has as its type until its details were seen. */
export const UNSEEN = 'unknown'

/** A payment method as Florin shows it. */
export type PaymentMethod = {
  readonly id: string
  readonly object: 'payment_method'
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string | null
  readonly type: string
  readonly card: Card | null
  readonly isDefault: boolean
  readonly stripePaymentMethodId: string
}

/** Shows a row. `defaultMethod` is what the gateway calls its customer's default; null in events, which do not tell it. */
export function toPaymentMethod(row: PaymentMethodRow, defaultMethod: string | null): PaymentMethod {
  return {
    id: row.id,
    object: 'payment_method',
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    userId: row.userId,
    type: row.type,
    card: row.card,
    isDefault: row.gatewayId === defaultMethod,
    stripePaymentMethodId: row.gatewayId,
  }
}

/** Accepts Florin's id or Stripe's. */
export const paymentMethodId = objectId('payment_method')
