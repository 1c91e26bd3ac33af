import { expect, it } from 'vitest'
import { sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { type Caller, system } from '../index.ts'

const order = { userId: 'user_1', amount: 1000, currency: 'EUR', paymentMethod: 'pm_card_visa' }

/** As a program without types passes it. */
const untyped = (value: unknown) => value as Caller

it.each([
  ['caller.idempotency_key', { actor: service, idempotency_key: 'order-17' }],
  ['caller.idempotencykey', { actor: service, idempotencykey: 'order-17' }],
  ['caller.actor', { idempotencyKey: 'order-17' }],
  ['caller.actor', { actor: null }],
  ['caller.actor.roles', { actor: { id: 'shop', roles: 'service' } }],
  ['caller.actor.id', { actor: { id: 17, roles: ['service'] } }],
  ['caller.signal.aborted', { actor: service, signal: new AbortController() }],
  ['caller.requestId', { actor: service, requestId: 17 }],
  ['caller.actor', system],
  ['caller', undefined],
])('refuses a caller whose %s is wrong, before anything is asked', async (field, caller) => {
  const { florin, counts } = sandboxedFlorin()
  const refused = { code: 'input_invalid', details: { fields: expect.arrayContaining([said(field)]) } }
  await expect(florin.payments.create(order, untyped(caller))).rejects.toMatchObject(refused)
  await expect(florin.users.erase({ userId: 'user_1' }, untyped(caller))).rejects.toMatchObject(refused)
  expect(counts).toMatchObject({ loads: 0, commits: 0, calls: 0 })
})

const said = (field: string) => ({ field, message: expect.any(String) })

it('says which fields a caller has', async () => {
  const { florin } = sandboxedFlorin()
  const caller = untyped({ actor: service, idempotency_key: 'order-17' })
  await expect(florin.payments.create(order, caller)).rejects.toThrow(
    'caller.idempotency_key: is not a field of a caller; they are actor, idempotencyKey, requestId, signal',
  )
})

it.each([undefined, { actor: system }, 'admin'])('refuses to show anything to %j', async (actor) => {
  const { florin } = sandboxedFlorin()
  const refused = { code: 'input_invalid', details: { fields: expect.any(Array) } }
  for (const shown of [florin.payments.get, florin.webhooks.get, florin.events.retry]) {
    await expect(Promise.resolve(Reflect.apply(shown, undefined, ['tx_1', actor]))).rejects.toMatchObject(refused)
  }
})

it('takes an actor that carries more than Florin asks for, and a signal of the platform', async () => {
  const { florin } = sandboxedFlorin()
  const actor = { ...service, name: 'the shop' }
  const caller = { actor, signal: AbortSignal.timeout(60_000), requestId: 'r1', idempotencyKey: undefined }
  expect((await florin.payments.create(order, caller)).data.status).toBe('succeeded')
})
