import type { CustomerObservation } from '../customers/customer.ts'
import type { DisputeObservation } from '../disputes/dispute.ts'
import type { InvoiceObservation } from '../invoices/invoice.ts'
import type { PaymentMethodObservation } from '../payment-methods/payment-method.ts'
import type { PaymentObservation } from '../payments/payment.ts'
import type { RefundObservation } from '../refunds/refund.ts'
import type { SubscriptionObservation } from '../subscriptions/subscription.ts'

/**
 * What is known of a gateway object at a time. API answers, webhooks, backfills and refreshes are all the same thing.
 * A group of facts that the source did not tell is absent, which leaves what is stored alone.
 */
export type Observation =
  | CustomerObservation
  | DisputeObservation
  | InvoiceObservation
  | PaymentMethodObservation
  | PaymentObservation
  | RefundObservation
  | SubscriptionObservation

/** What every observation says of its object's identity. */
export interface Identity {
  /** The gateway's id. */
  readonly gatewayId: string
  /** Our id, where the object carries it in its metadata. */
  readonly florinId: string | null
  /** The installation that made the object; objects of another installation are ignored. */
  readonly installation: string | null
  readonly customerId: string | null
  readonly livemode: boolean
  /** When the gateway made the object, in its seconds. */
  readonly created: number
}
