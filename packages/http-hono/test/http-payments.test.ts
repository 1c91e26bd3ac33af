import { expect, test } from 'vitest'
import { openWorld, paidPayment } from './http-world.ts'

test('takes the payment of the README', async () => {
  const { send } = await openWorld()
  const { status, body, headers } = await send('POST', '/api/v1/payments', {
    user_id: 'user_123',
    amount: 1000,
    currency: 'USD',
    description: 'Product purchase',
    payment_method: 'pm_card_visa',
  })
  console.log(status, body, Object.fromEntries(headers))
  expect(status).toBe(201)
})
