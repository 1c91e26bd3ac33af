import { expect, expectTypeOf, test } from 'vitest'
import { camelCased, snakePath } from './naming.ts'

test('names the fields of a body as core does, and leaves what is in them alone', () => {
  const body = { user_id: 'a', cancel_at_period_end: true, metadata: { order_id: '1', orderId: '2' } }
  const input = camelCased(body)
  expect(input).toEqual({ userId: 'a', cancelAtPeriodEnd: true, metadata: { order_id: '1', orderId: '2' } })
  expectTypeOf(input).toEqualTypeOf<{
    userId: string
    cancelAtPeriodEnd: boolean
    metadata: { order_id: string; orderId: string }
  }>()
})

test('keeps what is optional optional, and sets nothing that was not sent', () => {
  const body: { trial_days?: number | undefined } = {}
  const input = camelCased(body)
  expect(Object.keys(input)).toEqual([])
  expectTypeOf(input).toEqualTypeOf<{ trialDays?: number | undefined }>()
})

test('makes a plain field even of the name of a prototype', () => {
  const input = camelCased(JSON.parse('{"__proto__":{"admin":true}}'))
  expect(Object.getPrototypeOf(input)).toBe(Object.prototype)
  expect('admin' in input).toBe(false)
})

test.each([
  { core: 'paymentMethod', sent: 'payment_method' },
  { core: 'amount', sent: 'amount' },
  { core: 'cancelAtPeriodEnd', sent: 'cancel_at_period_end' },
  { core: 'metadata.orderId', sent: 'metadata.orderId' },
  { core: 'items.0.priceId', sent: 'items.0.price_id' },
  { core: 'Idempotency-Key', sent: 'Idempotency-Key' },
  { core: '(body)', sent: '(body)' },
])('a caller knows $core as $sent', ({ core, sent }) => expect(snakePath(core)).toBe(sent))
