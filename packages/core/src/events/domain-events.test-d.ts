import { expectTypeOf, test } from 'vitest'
import type { Dispute, DomainEvent, DomainEventType, Florin, Payment, PaymentMethod } from '../index.ts'

declare const florin: Florin

test('the type of an event tells what it carries', () => {
  florin.on('payment.succeeded', (event) => {
    expectTypeOf(event.data).toEqualTypeOf<Payment>()
    expectTypeOf(event.type).toEqualTypeOf<'payment.succeeded'>()
    return event.data.amount
  })
  florin.on('payment_method.attached', async ({ data }) => expectTypeOf(data).toEqualTypeOf<PaymentMethod>())
  florin.on('dispute.opened', ({ data }) => expectTypeOf(data).toEqualTypeOf<Dispute>())
  // @ts-expect-error a refund has no captured sum
  florin.on('refund.succeeded', ({ data }) => data.amountCaptured)
  // @ts-expect-error nobody tells of this
  florin.on('payment.exploded', () => undefined)
})

test('a handler of all events narrows by the type', () => {
  florin.on('*', (event) => {
    expectTypeOf(event).toEqualTypeOf<DomainEvent>()
    if (event.type === 'invoice.paid') expectTypeOf(event.data.amountPaid).toEqualTypeOf<number>()
    // @ts-expect-error not every object has an amount
    return event.data.amount
  })
})

test('every type carries something, and unsubscribing takes nothing', () => {
  expectTypeOf<DomainEvent<DomainEventType>['data']>().not.toBeNever()
  type Empty = { [Type in DomainEventType]: DomainEvent<Type>['data'] extends never ? Type : never }[DomainEventType]
  expectTypeOf<Empty>().toBeNever()
  expectTypeOf(florin.on('*', () => undefined)).toEqualTypeOf<() => void>()
})
