import { expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

it('a process that stood still for longer than it believes in a key, while it read it, has it', async () => {
  const order = {
    userId: alice.id,
    amount: 1000,
    currency: 'USD',
    paymentMethod: 'pm_card_visa',
    description: 'a secret',
  }
  const first = sandboxedFlorin({ webhooks: false })
  const { data } = await first.florin.payments.create(order, { actor: service })
  let stood = 0
  const second = sandboxedFlorin({
    ...{ webhooks: false, beside: first },
    storage: (inner) => ({
      ...inner,
      async load(query) {
        const found = await inner.load(query)
        if (stood === 0 && Object.values(query).some(({ table }) => table === 'data_keys')) {
          stood += 1
          await first.advance(61)
        }
        return found
      },
    }),
  })
  expect((await second.florin.payments.get(data.id, service)).description).toBe('a secret')
  expect(stood).toBe(1)
  expect(second.happenings.filter(({ what }) => what === 'row_unreadable')).toEqual([])
})
