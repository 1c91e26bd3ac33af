import { describe, expect, it } from 'vitest'
import { alice, impatient, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { PreparedCall } from '../ports/gateway.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

/** A Florin that tells how many calls of a payment run at once, and lets a test hold them. */
function watched({ wait }: { wait?: typeof impatient } = {}) {
  let running = 0
  const seen = { most: 0, sent: [] as string[], hold: undefined as Promise<void> | undefined }
  const one = sandboxedFlorin({
    webhooks: false,
    ...(wait && { wait }),
    gateway: (inner) => ({
      ...inner,
      send: async (call: PreparedCall, key) => {
        if (call.subject === null) return inner.send(call, key)
        running += 1
        seen.sent.push(call.call)
        seen.most = Math.max(seen.most, running)
        try {
          await (seen.hold ?? new Promise((resolve) => setTimeout(resolve, 5)))
          return await inner.send(call, key)
        } finally {
          running -= 1
        }
      },
    }),
  })
  const pay = async () =>
    (await one.florin.payments.create({ ...order, captureMethod: 'manual' }, { actor: service })).data
  return { ...one, seen, pay }
}

describe('the calls for one payment', () => {
  it('are made one after the other, whoever asks', async () => {
    const { florin, seen, pay } = watched()
    const { id } = await pay()
    const by = { actor: service }
    const asked = [
      ...Array.from({ length: 5 }, () => florin.payments.capture({ id, amount: 400 }, by)),
      ...Array.from({ length: 5 }, () => florin.payments.cancel({ id }, by)),
    ]
    const outcomes = await Promise.allSettled(asked)
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true)
    expect(seen.sent.length).toBeGreaterThan(0)
    expect(seen.most).toBe(1)
  })

  it('go in the order in which they were asked for, also after one whose process died', async () => {
    const { florin, sandbox, seen, pay, advance } = watched({ wait: impatient })
    const { id } = await pay()
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents/:id/capture' })
    const capture = florin.payments.capture({ id, amount: 400 }, { actor: service })
    await expect(capture).rejects.toMatchObject({ outcome: 'unknown' })
    await advance(45)
    const cancel = () => florin.payments.cancel({ id }, { actor: service })
    await expect(cancel()).rejects.toMatchObject({ code: 'operation_in_progress' })
    expect(seen.sent).not.toContain('payment.cancel')
    expect(await florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    await expect(cancel()).rejects.toMatchObject({ code: 'payment_not_cancelable' })
    expect(await florin.payments.get(id, service)).toMatchObject({ status: 'succeeded', amountCaptured: 400 })
  })

  it('wait no longer for one than it may be sent, whatever keeps it open', async () => {
    const { florin, sandbox, pay, advance } = watched({ wait: impatient })
    const { id } = await pay()
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents/:id/capture' })
    const capture = florin.payments.capture({ id, amount: 400 }, { actor: service })
    await expect(capture).rejects.toMatchObject({ outcome: 'unknown' })
    await advance(10 * 60 + 60 + 90 + 1)
    expect((await florin.payments.cancel({ id }, { actor: service })).data.status).toBe('canceled')
    await florin.maintenance.recover()
    await advance(91)
    await florin.maintenance.recover()
    expect((await florin.payments.get(id, service)).status).toBe('canceled')
  })

  it('hold the payment again while recovery makes them', async () => {
    const { florin, sandbox, seen, pay, advance } = watched()
    const { id } = await pay()
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents/:id/capture' })
    const capture = florin.payments.capture({ id, amount: 400 }, { actor: service })
    await expect(capture).rejects.toMatchObject({ outcome: 'unknown' })
    await advance(61)
    let release = () => undefined as unknown
    seen.hold = new Promise((resolve) => {
      release = () => resolve()
    })
    const recovering = florin.maintenance.recover()
    await expect.poll(() => seen.sent.length, { timeout: 5000 }).toBe(2)
    const canceling = florin.payments.cancel({ id }, { actor: service })
    const canceled = canceling.catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen.sent).toHaveLength(2)
    release()
    expect(await recovering).toMatchObject({ settled: 1, open: [] })
    expect(await canceled).toMatchObject({ code: 'payment_not_cancelable' })
    expect(seen.most).toBe(1)
  })
})
