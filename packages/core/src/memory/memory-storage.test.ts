import { expect, test } from 'vitest'
import { aStoredRow, commit, describeStorage, put, read } from '../testing/index.ts'
import { memoryStorage } from './index.ts'

describeStorage({
  name: 'memory storage',
  open: async () => ({ storage: memoryStorage(), close: async () => {} }),
})

test('goes on from a snapshot with all rows, versions, bytes and unique keys', async () => {
  const first = memoryStorage()
  const event = {
    ...aStoredRow('webhook_events'),
    payload: Uint8Array.from({ length: 300 }, (_, index) => index % 256),
  }
  const payment = aStoredRow('transactions')
  await commit(first, put('webhook_events', event), put('transactions', payment))
  await commit(first, put('transactions', { ...payment, version: 1, description: 'kept' }))

  const second = memoryStorage({ snapshot: first.snapshot() })
  expect(await read(second, 'webhook_events', event.id)).toStrictEqual({ ...event, version: 1 })
  expect(await read(second, 'transactions', payment.id)).toMatchObject({ version: 2, description: 'kept' })
  const clash = aStoredRow('transactions', { gatewayId: payment.gatewayId })
  expect(await commit(second, put('transactions', clash))).toBe('conflict')
})

test('refuses a snapshot that is none', () => {
  expect(() => memoryStorage({ snapshot: '{"rows":[]}' })).toThrow(/florin/)
})
