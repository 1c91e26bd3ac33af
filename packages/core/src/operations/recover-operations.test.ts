import { expect, it } from 'vitest'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { isFlorinError } from '../errors.ts'
import { due, one, type Query } from '../ports/storage.ts'
import { timestamp } from '../time.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

/** Payments whose calls are lost on their way, one after the other. Answers the ids of their operations. */
async function leaveOpen({ florin, sandbox, advance }: SandboxedFlorin, amounts: readonly number[]): Promise<string[]> {
  const left: string[] = []
  for (const amount of amounts) {
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents', times: 1 })
    const failure = await florin.payments
      .create({ ...order, amount }, { actor: service })
      .catch((error: unknown) => error)
    left.push((isFlorinError(failure) && failure.details.operationId) || '')
    await advance(1)
  }
  return left
}

it('an operation that breaks whoever takes it up does not keep the others from their turn, and is told', async () => {
  const poison = new TypeError('a row of an unknown shape')
  let broken = ''
  const world = sandboxedFlorin({
    webhooks: false,
    storage: (inner) => ({
      ...inner,
      commit: (commit) =>
        commit.changes.some(({ row }) => row.id === broken) ? Promise.reject(poison) : inner.commit(commit),
    }),
  })
  const { florin } = world
  const left = await leaveOpen(world, [1000, 1000])
  broken = left[0] ?? ''
  await expect(florin.maintenance.recover()).rejects.toBe(poison)
  const { data } = await florin.payments.list({ userId: alice.id }, service)
  expect(data.map(({ status }) => status)).toEqual(['succeeded', 'pending'])
})

it('operations that break whoever takes them up fill no round after the first', async () => {
  const broken: string[] = []
  const world = sandboxedFlorin({
    webhooks: false,
    storage: (inner) => ({
      ...inner,
      load: (query) =>
        broken.includes(takenUp(query) ?? '')
          ? Promise.reject(new TypeError('a row of an unknown shape'))
          : inner.load(query),
    }),
  })
  const { florin, advance } = world
  const left = await leaveOpen(world, [1000, 1000, 2000])
  broken.push(...left.slice(0, 2))
  const recover = () => florin.maintenance.recover({ limit: 2 }).catch((error: unknown) => error)
  expect(await recover()).toBeInstanceOf(TypeError)
  expect(await recover()).toEqual({ settled: 1, settledIds: left.slice(2), open: [] })
  broken.length = 0
  await advance(301)
  expect(await recover()).toMatchObject({ settled: 2, open: [] })
})

/** The operation that is loaded to go on with it. */
function takenUp({ '(operation)': find }: Query): string | undefined {
  return find?.find === 'one' && find.table === 'operations' ? find.where.id : undefined
}

/** Alters what is stored of operations, so that it does not open. */
async function damage({ storage }: SandboxedFlorin, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { row } = await storage.load({ row: one('operations', { id }) })
    if (!row) throw new Error('it is stored')
    // Not the last character: some of its bits may stand for nothing.
    const steps = String(row.steps).replace(/.(?=.{8}$)/, (one) => (one === 'A' ? 'B' : 'A'))
    await storage.commit({ id: `commit_${id}`, changes: [{ table: 'operations', row: { ...row, steps } }] })
  }
}

it('an operation that does not open keeps no other from being settled, and is told of once', async () => {
  const world = sandboxedFlorin({ webhooks: false })
  const { florin, happenings } = world
  const left = await leaveOpen(world, [1000, 2000])
  await damage(world, left.slice(0, 1))
  for (let round = 0; round < 2; round += 1) await florin.maintenance.recover()
  const { data } = await florin.payments.list({ userId: alice.id }, service)
  expect(data.map(({ status }) => status)).toEqual(['succeeded', 'pending'])
  const told = happenings.filter(({ what }) => what === 'row_unreadable')
  expect(told).toEqual([{ what: 'row_unreadable', table: 'operations', id: left[0] }])
})

it('nor do as many as are taken up at once', async () => {
  const world = sandboxedFlorin({ webhooks: false })
  const { florin, happenings } = world
  const left = await leaveOpen(world, [1000, 1000, 1000, 2000, 2000, 3000])
  await damage(world, left.slice(0, 3))
  expect(await florin.maintenance.recover({ limit: 2 })).toMatchObject({ settled: 2, open: [] })
  expect(await florin.maintenance.recover({ limit: 2 })).toMatchObject({ settled: 1, open: [] })
  expect(happenings.filter(({ what }) => what === 'row_unreadable')).toHaveLength(3)
})

it('and where enough others wait behind it, they are read at once', async () => {
  const world = sandboxedFlorin({ webhooks: false })
  const left = await leaveOpen(
    world,
    Array.from({ length: 12 }, () => 1000),
  )
  await damage(world, left.slice(0, 1))
  const { deps, counts } = world
  const at = timestamp(deps.runtime.now())
  await deps.storage.load({ operations: due('operations', at, 2) })
  counts.reset()
  const { operations } = await deps.storage.load({ operations: due('operations', at, 2) })
  expect(operations.map(({ id }) => id)).toEqual(left.slice(1, 3))
  expect(counts.loads).toBe(2)
})
