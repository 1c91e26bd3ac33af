import { describe, expect, it } from 'vitest'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { many } from '../ports/storage.ts'
import type { TableName } from '../ports/tables.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

/** A gate that whoever comes to it waits at. */
function gate() {
  let [open, come]: [() => void, () => void] = [() => undefined, () => undefined]
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    come = resolve
  })
  const pass = () => {
    come()
    return opened
  }
  return { open, reached, pass }
}

const rows = async ({ storage }: SandboxedFlorin, table: TableName) =>
  (await storage.load({ rows: many<TableName>(table, {}) })).rows

describe('a caller who waits no longer', () => {
  const atIntent = (held: ReturnType<typeof gate>, when: 'load' | 'commit') => {
    let begins = false
    const one = sandboxedFlorin({
      webhooks: false,
      storage: (inner) => ({
        load: async (query) => {
          if (begins && when === 'load') await held.pass()
          return inner.load(query)
        },
        commit: async (commit) => {
          if (begins && when === 'commit') await held.pass()
          return inner.commit(commit)
        },
      }),
    })
    const begin = () => {
      begins = true
    }
    return { ...one, begin }
  }

  it('is told that nothing was done, where it was not begun, and it never is', async () => {
    const held = gate()
    const one = atIntent(held, 'load')
    await one.florin.payments.create(order, { actor: service })
    one.begin()
    const late = new AbortController()
    const paying = one.florin.payments.create(order, { actor: service, signal: late.signal })
    await held.reached
    late.abort()
    await expect(paying).rejects.toMatchObject({ code: 'overloaded', outcome: 'not_applied' })
    one.counts.reset()
    held.open()
    await expect.poll(() => one.counts.loads, { timeout: 5000 }).toBeGreaterThan(0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(one.counts).toMatchObject({ commits: 0, calls: 0 })
    expect(await rows(one, 'transactions')).toHaveLength(1)
  })

  it('is told that the outcome is not known, once the intent may be committed, and it goes on', async () => {
    const held = gate()
    const one = atIntent(held, 'commit')
    await one.florin.payments.create(order, { actor: service })
    one.begin()
    const late = new AbortController()
    const caller = { actor: service, idempotencyKey: 'order-17' }
    const paying = one.florin.payments.create(order, { ...caller, signal: late.signal })
    await held.reached
    late.abort()
    await expect(paying).rejects.toMatchObject({
      ...{ code: 'gateway_outcome_unknown', outcome: 'unknown' },
      details: { objectId: expect.stringMatching(/^tx_/), operationId: expect.stringMatching(/^operation_/) },
    })
    held.open()
    const open = async () => (await rows(one, 'operations')).filter((row) => 'status' in row && row.status === 'open')
    await expect.poll(open, { timeout: 5000 }).toHaveLength(0)
    expect(await one.florin.payments.create(order, caller)).toMatchObject({
      ...{ replayed: true, data: { status: 'succeeded' } },
    })
    expect(one.sandbox.state.all('payment_intent')).toHaveLength(2)
  })

  it('is told so too where the same key takes up what was left open', async () => {
    const held = gate()
    let holds = false
    const one = sandboxedFlorin({
      webhooks: false,
      gateway: (inner) => ({
        ...inner,
        send: async (call, key) => {
          if (holds) await held.pass()
          return inner.send(call, key)
        },
      }),
    })
    const caller = { actor: service, idempotencyKey: 'order-17' }
    one.sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
    await expect(one.florin.payments.create(order, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    holds = true
    const late = new AbortController()
    const again = one.florin.payments.create(order, { ...caller, signal: late.signal })
    await held.reached
    late.abort()
    await expect(again).rejects.toMatchObject({ code: 'gateway_outcome_unknown', outcome: 'unknown' })
    held.open()
  })

  it('gets the answer that was in time, and one who does not wait at all is turned away', async () => {
    const one = sandboxedFlorin()
    const { signal } = new AbortController()
    expect((await one.florin.payments.create(order, { actor: service, signal })).data.status).toBe('succeeded')
    const gone = one.florin.payments.create(order, { actor: service, signal: AbortSignal.abort() })
    await expect(gone).rejects.toMatchObject({ code: 'overloaded', outcome: 'not_applied' })
    expect(await rows(one, 'transactions')).toHaveLength(1)
  })
})
