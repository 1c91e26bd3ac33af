import { expect, it } from 'vitest'
import { testCipher } from '../test/opened.ts'
import { sandboxedFlorin, service } from '../test/sandboxed-florin.ts'
import { createFlorin, type Happening } from './index.ts'

it.each([
  {
    when: 'at once',
    fail: () => {
      throw new Error('the metrics are down')
    },
  },
  { when: 'later', fail: () => Promise.reject(new Error('the metrics are down')) },
])('an observer that fails $when changes nothing of what a call comes to', async ({ fail }) => {
  const { storage, gateway } = sandboxedFlorin()
  const told: Happening[] = []
  const observer = {
    tell(happening: Happening) {
      told.push(happening)
      return fail()
    },
  }
  const florin = createFlorin({ storage, gateway, cipher: testCipher, observer })
  const order = { userId: 'user_1', amount: 1000, currency: 'EUR', paymentMethod: 'pm_card_visa' }
  const { data } = await florin.payments.create(order, { actor: service, idempotencyKey: 'order-17' })
  expect(data.status).toBe('succeeded')
  expect(told.map(({ what }) => what)).toEqual(expect.arrayContaining(['gateway_called', 'fact']))
})
