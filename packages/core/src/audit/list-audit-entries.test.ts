import { describe, expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { Actor } from '../index.ts'

const admin: Actor = { id: 'ann', roles: ['admin'] }

async function world() {
  const one = sandboxedFlorin()
  const input = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
  const { data: payment } = await one.florin.payments.create(input, { actor: service, requestId: 'request_1' })
  const { data: refund } = await one.florin.refunds.create({ transactionId: payment.id, amount: 300 }, { actor: admin })
  return { ...one, payment, refund }
}

describe('the list of the audit log', () => {
  it('tells who did what, newest first', async () => {
    const { florin, payment, refund } = await world()
    const { data } = await florin.audit.list({}, admin)
    expect(data.map(({ action, objectId, actorId, outcome }) => [action, objectId, actorId, outcome])).toEqual([
      ['refund.create', refund.id, 'ann', 'accepted'],
      ['payment.create', payment.id, 'shop', 'accepted'],
      ['customer.create', expect.stringMatching(/^cus_/), 'florin', 'accepted'],
    ])
    const sums = { amount: 1000, amountCapturable: 0, amountCaptured: 0, amountRefunded: 0, currency: 'USD' }
    const paid = { status: 'succeeded', amountCaptured: 1000 }
    expect(data[1]).toStrictEqual({
      ...{ id: expect.stringMatching(/^audit_/), object: 'audit_entry', createdAt: expect.any(String) },
      ...{ actorId: 'shop', actorRoles: ['service'], action: 'payment.create', objectId: payment.id },
      ...{ operationId: expect.stringMatching(/^operation_/), requestId: 'request_1', outcome: 'accepted' },
      detail: { step: 'create', before: { ...sums, status: 'pending' }, after: { ...sums, ...paid } },
    })
  })

  it('tells of one object by its id or by Stripe’s', async () => {
    const { florin, payment, refund } = await world()
    for (const objectId of [payment.id, payment.stripePaymentIntentId ?? '']) {
      const { data } = await florin.audit.list({ objectId }, admin)
      expect(data.map(({ action }) => action)).toEqual(['payment.create'])
    }
    const { data } = await florin.audit.list({ objectId: refund.stripeRefundId ?? '' }, admin)
    expect(data.map(({ action }) => action)).toEqual(['refund.create'])
    expect(await florin.audit.list({ objectId: 'pi_unknown' }, admin)).toMatchObject({ data: [], hasMore: false })
  })

  it('goes on page by page', async () => {
    const { florin } = await world()
    const first = await florin.audit.list({ limit: 2 }, admin)
    expect(first).toMatchObject({ data: { length: 2 }, hasMore: true })
    const second = await florin.audit.list({ limit: 2, cursor: first.nextCursor ?? '' }, admin)
    expect(second).toMatchObject({ data: [{ action: 'customer.create' }], hasMore: false, nextCursor: null })
  })

  it('is for admins alone', async () => {
    const { florin } = await world()
    for (const actor of [alice, service, { id: 'sue', roles: ['support'] } satisfies Actor]) {
      await expect(florin.audit.list({}, actor)).rejects.toMatchObject({ kind: 'refused', code: 'forbidden' })
    }
  })

  it('refuses an object that is no id', async () => {
    const { florin } = await world()
    const wrong = { code: 'input_invalid', details: { fields: [{ field: 'objectId' }] } }
    await expect(florin.audit.list({ objectId: 'alice' }, admin)).rejects.toMatchObject(wrong)
  })
})
