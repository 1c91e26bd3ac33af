import { expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { isFlorinError } from '../errors.ts'
import { one } from '../ports/storage.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

it('an operation that breaks whoever takes it up does not keep the others from their turn, and is told', async () => {
  const poison = new TypeError('a row of an unknown shape')
  let broken = ''
  const { florin, sandbox, advance } = sandboxedFlorin({
    webhooks: false,
    storage: (inner) => ({
      ...inner,
      commit: (commit) =>
        commit.changes.some(({ row }) => row.id === broken) ? Promise.reject(poison) : inner.commit(commit),
    }),
  })
  const left: string[] = []
  for (const idempotencyKey of ['one', 'two']) {
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents', times: 1 })
    const failure: unknown = await florin.payments
      .create(order, { actor: service, idempotencyKey })
      .catch((error: unknown) => error)
    left.push((isFlorinError(failure) && failure.details.operationId) || '')
    await advance(1)
  }
  broken = left[0] ?? ''
  await expect(florin.maintenance.recover()).rejects.toBe(poison)
  const { data } = await florin.payments.list({ userId: alice.id }, service)
  expect(data.map(({ status }) => status)).toEqual(['succeeded', 'pending'])
})

it('operations that break whoever takes them up fill no round after the first', async () => {
  const broken: string[] = []
  const { florin, sandbox, advance } = sandboxedFlorin({
    webhooks: false,
    storage: (inner) => ({
      ...inner,
      load: (query) =>
        broken.includes(String(Reflect.get(Object(Reflect.get(Object(query['(operation)']), 'where')), 'id')))
          ? Promise.reject(new TypeError('a row of an unknown shape'))
          : inner.load(query),
    }),
  })
  const left: string[] = []
  for (const amount of [1000, 1000, 2000]) {
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents', times: 1 })
    const failure = await florin.payments
      .create({ ...order, amount }, { actor: service })
      .catch((error: unknown) => error)
    left.push((isFlorinError(failure) && failure.details.operationId) || '')
    await advance(1)
  }
  broken.push(...left.slice(0, 2))
  const recover = () => florin.maintenance.recover({ limit: 2 }).catch((error: unknown) => error)
  expect(await recover()).toBeInstanceOf(TypeError)
  expect(await recover()).toEqual({ settled: 1, open: [] })
  broken.length = 0
  await advance(301)
  expect(await recover()).toEqual({ settled: 2, open: [] })
})

it('an operation that does not open keeps no other from being settled, and is told of once', async () => {
  const { florin, sandbox, storage, advance, happenings } = sandboxedFlorin({ webhooks: false })
  const left: string[] = []
  for (const amount of [1000, 2000]) {
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents', times: 1 })
    const failure = await florin.payments
      .create({ ...order, amount }, { actor: service })
      .catch((error: unknown) => error)
    left.push((isFlorinError(failure) && failure.details.operationId) || '')
    await advance(1)
  }
  const { row } = await storage.load({ row: one('operations', { id: left[0] ?? '' }) })
  if (!row) throw new Error('it is stored')
  const steps = String(row.steps).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  await storage.commit({ id: 'commit_1', changes: [{ table: 'operations', row: { ...row, steps } }] })
  for (let round = 0; round < 2; round += 1) await florin.maintenance.recover()
  const { data } = await florin.payments.list({ userId: alice.id }, service)
  expect(data.map(({ status }) => status)).toEqual(['succeeded', 'pending'])
  const told = happenings.filter(({ what }) => what === 'row_unreadable')
  expect(told).toEqual([{ what: 'row_unreadable', table: 'operations', id: left[0] }])
})
