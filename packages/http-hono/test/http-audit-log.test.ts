import { expect, test } from 'vitest'
import { z } from 'zod'
import { auditEntry } from '../src/wire/audit-entry.ts'
import { openWorld, paidPayment } from './http-world.ts'

const admin = { as: 'admin' } as const
const answered = z.strictObject(auditEntry.shape)

test('GET /api/v1/audit-log tells who did what, of one object by either id, with the request that asked for it', async () => {
  const { send } = await openWorld()
  const payment = await paidPayment(send)
  const refund = { transaction_id: payment.id, amount: 100 }
  await send('POST', '/api/v1/refunds', refund, { as: 'support', headers: { 'X-Request-Id': 'req-7' } })

  const { status, body } = await send('GET', '/api/v1/audit-log?limit=1', undefined, admin)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    data: [{ action: 'refund.create', actor_id: 'helper', actor_roles: ['support'], request_id: 'req-7' }],
    has_more: true,
  })
  const next = await send('GET', `/api/v1/audit-log?limit=9&cursor=${body.next_cursor}`, undefined, admin)
  expect(next.body).toMatchObject({ data: [{ action: 'payment.create' }, { action: 'customer.create' }] })
  for (const entry of [...body.data, ...next.body.data]) {
    expect(answered.safeParse(entry)).toMatchObject({ success: true })
  }
  for (const id of [payment.id, payment.stripe_payment_intent_id]) {
    const found = await send('GET', `/api/v1/audit-log?object_id=${id}`, undefined, admin)
    expect(found.body.data).toMatchObject([{ action: 'payment.create', object_id: payment.id }])
  }
})

test.each([
  { query: 'object_id=alice', field: 'object_id' },
  { query: "object_id=tx_'--", field: 'object_id' },
  { query: 'actor_id=helper', field: 'actor_id' },
])('GET /api/v1/audit-log?$query is refused, and names the field', async ({ query, field }) => {
  const { send } = await openWorld()
  expect(await send('GET', `/api/v1/audit-log?${query}`, undefined, admin)).toMatchObject({
    status: 422,
    body: { code: 'input_invalid', errors: [{ field }] },
  })
})
