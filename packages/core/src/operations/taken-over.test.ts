import { describe, expect, it } from 'vitest'
import { onItsWay } from '../../test/on-its-way.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { UnavailableError } from '../errors.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const caller = { actor: service, idempotencyKey: 'once' }

/** A place where a process stands still: `begun` once it has come there, until it is told to go on. */
function halt() {
  let arrive = (): void => undefined
  let goOn = (): void => undefined
  const begun = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const departure = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const standStill = (): Promise<void> => {
    arrive()
    return departure
  }
  return { standStill, begun, goOn: () => goOn() }
}

/** A process that stands still between its intent and its call; when it goes on, the call fails, or is carried out. */
async function slowProcess(then: 'fails' | 'is refused' | 'is carried out', seconds: number) {
  const { standStill, begun, goOn } = halt()
  const slow = sandboxedFlorin({
    webhooks: false,
    gateway: (inner) => ({
      ...inner,
      async send(call, options) {
        if (call.call !== 'payment.create') return inner.send(call, options)
        await standStill()
        if (then === 'is carried out') return inner.send(call, onItsWay(options))
        if (then === 'is refused') {
          const rejection = { code: 'a_key_without_this_right', param: null, message: null }
          return { outcome: 'rejected', rejection, objectId: null, observations: [], replayed: false }
        }
        throw new UnavailableError('gateway_unavailable', 'connection refused', 'not_applied')
      },
    }),
  })
  const answer = slow.florin.payments.create(order, caller).catch((error: unknown) => error)
  await begun
  await slow.advance(seconds)
  return { slow, answer, goOn }
}

describe('an operation that another process took up meanwhile', () => {
  it.each(['fails', 'is refused'] as const)('is not declared undone by a call of ours that %s', async (then) => {
    const { slow, answer, goOn } = await slowProcess(then, 61)
    const other = sandboxedFlorin({ webhooks: false, beside: slow })
    other.sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
    expect(await other.florin.maintenance.recover()).toMatchObject({ settled: 0 })
    goOn()
    expect(await answer).toMatchObject({ code: 'gateway_outcome_unknown', outcome: 'unknown' })
    const { data } = await other.florin.payments.create(order, caller)
    expect(data.status).toBe('succeeded')
    expect(slow.sandbox.state.all('payment_intent')).toHaveLength(1)
  })

  it('is answered with what the other one was told', async () => {
    const { slow, answer, goOn } = await slowProcess('fails', 61)
    const other = sandboxedFlorin({ webhooks: false, beside: slow })
    expect(await other.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    goOn()
    expect(await answer).toMatchObject({ data: { status: 'succeeded' } })
    expect(slow.sandbox.state.all('payment_intent')).toHaveLength(1)
  })
})

it('what is carried out after all, long after it was given up, is known', async () => {
  const { slow, answer, goOn } = await slowProcess('is carried out', 601)
  const other = sandboxedFlorin({ webhooks: false, beside: slow })
  await other.florin.maintenance.recover()
  await other.advance(90)
  expect(await other.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
  const shown = async () => (await other.florin.payments.list({ userId: alice.id }, service)).data
  expect(await shown()).toMatchObject([{ status: 'canceled' }])
  goOn()
  expect(await answer).toMatchObject({ data: { status: 'succeeded' } })
  expect(await shown()).toMatchObject([{ status: 'succeeded', amountCaptured: 1000 }])
  // Whoever was told meanwhile that it was called off, and asks again, is told how it is.
  expect(await other.florin.payments.create(order, caller)).toMatchObject({
    replayed: true,
    data: { status: 'succeeded' },
  })
})

describe('what was called off, and of which a webhook tells later that it was carried out', () => {
  /** Calls an operation off whose call lands at Stripe long after, and has its webhook come. */
  async function landedLate(
    what: 'payment.create' | 'payment.capture',
    act: (one: SandboxedFlorin) => Promise<unknown>,
  ) {
    let land: (() => Promise<unknown>) | undefined
    const one = sandboxedFlorin({
      gateway: (inner) => ({
        ...inner,
        async send(call, options) {
          if (land || call.call !== what) return inner.send(call, options)
          land = () => inner.send(call, onItsWay(options))
          throw new UnavailableError('gateway_outcome_unknown', 'no answer in time', 'unknown')
        },
      }),
    })
    await expect(act(one)).rejects.toMatchObject({ outcome: 'unknown' })
    await one.advance(601)
    await one.florin.maintenance.recover()
    await one.advance(90)
    expect(await one.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    await expect(act(one)).rejects.toMatchObject({ details: { gatewayCode: 'never_reached_gateway', replayed: true } })
    await land?.()
    await one.advance(1)
    one.sandbox.requests.clear()
    return one
  }

  it('a payment: its key answers with the payment, and nothing is asked for it', async () => {
    const pay = ({ florin }: SandboxedFlorin) => florin.payments.create(order, caller)
    const one = await landedLate('payment.create', pay)
    for (let times = 0; times < 2; times += 1)
      expect(await pay(one)).toMatchObject({ replayed: true, data: { status: 'succeeded', amountCaptured: 1000 } })
    expect(one.sandbox.requests.list()).toEqual([])
    expect(one.sandbox.state.all('payment_intent')).toHaveLength(1)
  })

  it('a capture: its key answers with the payment as it is', async () => {
    let id: string | undefined
    const capture = async ({ florin }: SandboxedFlorin) => {
      id ??= (await florin.payments.create({ ...order, captureMethod: 'manual' }, { actor: service })).data.id
      return florin.payments.capture({ id }, caller)
    }
    const one = await landedLate('payment.capture', capture)
    for (let times = 0; times < 2; times += 1)
      expect(await capture(one)).toMatchObject({ replayed: true, data: { status: 'succeeded', amountCaptured: 1000 } })
    expect(one.sandbox.requests.list()).toEqual([])
  })
})

describe('an intent of which nobody knows whether it was stored', () => {
  it('is told as open, for recovery carries it out', async () => {
    let isLost = false
    const { florin, sandbox, advance } = sandboxedFlorin({
      webhooks: false,
      storage: (inner) => ({
        ...inner,
        async commit(commit) {
          const outcome = await inner.commit(commit)
          const isIntent = commit.changes.some(({ table, row }) => table === 'transactions' && row.version === 0)
          if (isLost || !isIntent) return outcome
          isLost = true
          throw new UnavailableError('storage_unavailable', 'the connection broke', 'unknown')
        },
      }),
    })
    const { actor } = caller
    await expect(florin.payments.create(order, { actor })).rejects.toMatchObject({
      code: 'gateway_outcome_unknown',
      outcome: 'unknown',
      details: { operationId: expect.stringMatching(/^operation_/), objectId: expect.stringMatching(/^tx_/) },
    })
    await advance(61)
    expect(await florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
  })
})

it('of several calls, of which one was carried out, nobody is told that nothing was done', async () => {
  let isAway = true
  const { florin } = sandboxedFlorin({
    webhooks: false,
    gateway: (inner) => ({
      ...inner,
      async send(call, options) {
        if (!isAway || call.call !== 'customer.set_default_method') return inner.send(call, options)
        throw new UnavailableError('gateway_unavailable', 'connection refused', 'not_applied')
      },
    }),
  })
  const attach = () =>
    florin.paymentMethods.attach({ userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true }, caller)
  await expect(attach()).rejects.toMatchObject({ code: 'gateway_outcome_unknown', outcome: 'unknown' })
  isAway = false
  expect(await florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
  expect(await attach()).toMatchObject({ replayed: true, data: { isDefault: true } })
})

/** A subscription with a new card: `attach` is carried out, and the process that asked for it stands still for so long. */
async function slowSubscriber(seconds: number) {
  const { standStill, begun, goOn } = halt()
  const sent: string[] = []
  const slow = sandboxedFlorin({
    webhooks: false,
    gateway: (inner) => ({
      ...inner,
      async send(call, options) {
        sent.push(call.call)
        const answer = await inner.send(call, options)
        if (call.call !== 'payment_method.attach') return answer
        await standStill()
        return answer
      },
    }),
  })
  const plan = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
  const subscribe = () => slow.florin.subscriptions.create(plan, caller).catch((error: unknown) => error)
  const answer = subscribe()
  await begun
  await slow.advance(seconds)
  return { slow, answer, goOn, sent }
}

it('whoever stood still sends no next step that another process has looked for in vain', async () => {
  const { slow, answer, goOn, sent } = await slowSubscriber(61)
  const other = sandboxedFlorin({ webhooks: false, beside: slow })
  slow.sandbox.faults.inject({ kind: 'cut_before', path: '/v1/subscriptions', times: 1 })
  expect(await other.florin.maintenance.recover()).toMatchObject({ settled: 0 })
  await slow.advance(600)
  expect(await other.florin.maintenance.recover()).toMatchObject({ settled: 0 })
  goOn()
  expect(await answer).toMatchObject({ code: 'gateway_outcome_unknown' })
  await slow.advance(90)
  expect(await other.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
  expect(sent).not.toContain('subscription.create')
  expect(slow.sandbox.state.all('subscription')).toHaveLength(0)
})

it('nor one that a process with a shorter window has looked for', async () => {
  const { slow, answer, goOn, sent } = await slowSubscriber(61)
  const settings = { paymentRecoveryWindowMs: 120_000 }
  const other = sandboxedFlorin({ webhooks: false, beside: slow, settings })
  slow.sandbox.faults.inject({ kind: 'cut_before', path: '/v1/subscriptions', times: 1 })
  expect(await other.florin.maintenance.recover()).toMatchObject({ settled: 0 })
  await slow.advance(60)
  expect(await other.florin.maintenance.recover()).toMatchObject({ settled: 0 })
  goOn()
  expect(await answer).toMatchObject({ code: 'gateway_outcome_unknown' })
  expect(sent).not.toContain('subscription.create')
})

it('what was called off is not gone on with by whoever had done its first step', async () => {
  const { slow, answer, goOn, sent } = await slowSubscriber(61)
  const other = sandboxedFlorin({ webhooks: false, beside: slow })
  slow.sandbox.faults.inject({ kind: 'cut_before', path: '/v1/subscriptions', times: 1 })
  await other.florin.maintenance.recover()
  await slow.advance(600)
  await other.florin.maintenance.recover()
  await slow.advance(90)
  expect(await other.florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
  goOn()
  expect(await answer).toMatchObject({ details: { gatewayCode: 'never_reached_gateway' } })
  expect(sent).not.toContain('subscription.create')
})

it('whoever had an operation for longer than its time sends nothing of it', async () => {
  const { answer, goOn, sent } = await slowSubscriber(3600)
  goOn()
  expect(await answer).toMatchObject({ code: 'gateway_outcome_unknown' })
  expect(sent).not.toContain('subscription.create')
})
