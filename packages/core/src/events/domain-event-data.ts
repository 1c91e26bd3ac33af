import type { Dispute } from '../disputes/dispute.ts'
import type { Invoice } from '../invoices/invoice.ts'
import type { PaymentMethod } from '../payment-methods/payment-method.ts'
import type { Payment } from '../payments/payment.ts'
import type { Refund } from '../refunds/refund.ts'
import type { Subscription } from '../subscriptions/subscription.ts'
import type { Timestamp } from '../time.ts'
import type { DomainEventRow, DomainEventType } from './domain-event.ts'

/** The objects that events tell of, by the noun that an event's type begins with. */
interface ObjectOfNoun {
  payment: Payment
  refund: Refund
  subscription: Subscription
  invoice: Invoice
  payment_method: PaymentMethod
  dispute: Dispute
}

/** What each type of event carries: the object as it was when the fact was proved. */
export type DomainEventData = {
  readonly [Type in DomainEventType]: Type extends `${infer Noun extends keyof ObjectOfNoun}.${string}`
    ? ObjectOfNoun[Noun]
    : never
}

/** An event as handlers get it: `event.type` tells the type of `event.data`. */
export type DomainEvent<Type extends DomainEventType = DomainEventType> = {
  [One in Type]: {
    /** The same in every delivery: what has this id was told before. */
    readonly id: string
    readonly type: One
    readonly objectId: string
    /** When it happened at the gateway. */
    readonly occurredAt: Timestamp
    /** When Florin learned of it. */
    readonly createdAt: Timestamp
    readonly data: DomainEventData[One]
  }
}[Type]

/** Shows a row of the outbox to handlers. */
export function toDomainEvent({ id, type, objectId, occurredAt, createdAt, data }: DomainEventRow): DomainEvent {
  // What a row of this type holds is what `factsOf` of its slice showed: the view that the map above names.
  return { id, type, objectId, occurredAt, createdAt, data } as DomainEvent
}
