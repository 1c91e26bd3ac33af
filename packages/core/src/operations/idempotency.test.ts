import { describe, expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { isFlorinError, UnavailableError } from '../errors.ts'
import { many, one } from '../ports/storage.ts'

const input = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const caller = { actor: service, idempotencyKey: 'order-17' }
// Its SHA-256.
const DIGEST = '72a90ea3da8b5dd01bde2f27314e02e217f935182ea573a7ff9b5f5060ef996b'

describe('an idempotency key', () => {
  it('gets 20 parallel requests one PaymentIntent and equal answers', async () => {
    const { florin, sandbox } = sandboxedFlorin()
    const once = async () => {
      for (;;) {
        try {
          return await florin.payments.create(input, caller)
        } catch (error) {
          if (!isFlorinError(error) || error.code !== 'operation_in_progress') throw error
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
    }
    const answers = await Promise.all(Array.from({ length: 20 }, once))
    expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
  })

  it('is not stored but for its digest, since it may say anything', async () => {
    const { florin, storage } = sandboxedFlorin()
    await florin.payments.create(input, { ...caller, idempotencyKey: 'ada@example.com-17' })
    const { operations, audit } = await storage.load({
      operations: many('operations', {}),
      audit: many('audit_log', {}),
    })
    expect(operations.map(({ callerKey }) => callerKey)).toContainEqual(expect.stringMatching(/^[0-9a-f]{64}$/))
    expect(JSON.stringify([operations, audit])).not.toContain('ada@example.com')
  })

  it('with another input is refused', async () => {
    const { florin } = sandboxedFlorin()
    await florin.payments.create(input, caller)
    const other = florin.payments.create({ ...input, amount: 1001 }, caller)
    await expect(other).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  })

  it('of another caller is another key', async () => {
    const { florin, sandbox } = sandboxedFlorin()
    await florin.payments.create(input, caller)
    await florin.payments.create(input, { ...caller, actor: { ...service, id: 'other shop' } })
    expect(sandbox.state.all('payment_intent')).toHaveLength(2)
  })

  it('replays the answer as it was, whatever has changed since', async () => {
    const { florin } = sandboxedFlorin()
    const first = await florin.payments.create(input, caller)
    await florin.refunds.create({ transactionId: first.data.id }, { actor: service })
    const again = await florin.payments.create(input, caller)
    expect(again).toEqual({ ...first, replayed: true })
  })

  it('replays a refusal that was decided after the intent', async () => {
    const { florin, counts } = sandboxedFlorin()
    const bad = { ...input, paymentMethod: 'pm_1NoSuchMethod' }
    await expect(florin.payments.create(bad, caller)).rejects.toMatchObject({ code: 'payment_method_not_found' })
    counts.reset()
    await expect(florin.payments.create(bad, caller)).rejects.toMatchObject({ code: 'payment_method_not_found' })
    expect(counts).toMatchObject({ loads: 1, commits: 0, calls: 0 })
  })

  it('is required for payments, refunds and subscriptions where the deployment says so', async () => {
    const { florin, counts } = sandboxedFlorin({ settings: { requireIdempotencyKey: true } })
    const { data: payment } = await florin.payments.create(input, caller)
    counts.reset()
    const keyless = { actor: service }
    const plan = { userId: input.userId, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
    const missing = { code: 'idempotency_key_missing' }
    await expect(florin.payments.create(input, keyless)).rejects.toMatchObject(missing)
    await expect(florin.subscriptions.create(plan, keyless)).rejects.toMatchObject(missing)
    await expect(florin.refunds.create({ transactionId: payment.id }, keyless)).rejects.toMatchObject(missing)
    expect(counts).toMatchObject({ commits: 0, calls: 0 })
  })

  it.each(['', ' lead', 'line\nbreak', 'ü', 'x'.repeat(256)])('refuses the key %j', async (idempotencyKey) => {
    const { florin } = sandboxedFlorin()
    const create = florin.payments.create(input, { actor: service, idempotencyKey })
    await expect(create).rejects.toMatchObject({
      code: 'input_invalid',
      details: { fields: [{ field: 'Idempotency-Key' }] },
    })
  })
})

describe('an idempotency key that has expired', () => {
  const DAY = 24 * 3600

  it('is remembered for a day after the answer, then is the key of a new request', async () => {
    const { florin, sandbox, advance } = sandboxedFlorin()
    const first = await florin.payments.create(input, caller)
    await advance(DAY - 1)
    expect(await florin.payments.create(input, caller)).toEqual({ ...first, replayed: true })
    await advance(1)
    const second = await florin.payments.create({ ...input, amount: 1500 }, caller)
    expect(second).toMatchObject({ replayed: false, data: { amount: 1500, status: 'succeeded' } })
    expect(sandbox.state.all('payment_intent')).toHaveLength(2)
    // From now on the key is the second one's.
    expect(await florin.payments.create({ ...input, amount: 1500 }, caller)).toEqual({ ...second, replayed: true })
    await expect(florin.payments.create(input, caller)).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  })

  it('makes one payment of 20 requests that come with it at once', async () => {
    const { florin, sandbox, advance } = sandboxedFlorin()
    await florin.payments.create(input, caller)
    await advance(DAY)
    const once = () =>
      florin.payments.create(input, caller).catch((error: unknown) => {
        if (!isFlorinError(error) || error.code !== 'operation_in_progress') throw error
      })
    await Promise.all(Array.from({ length: 20 }, once))
    expect(sandbox.state.all('payment_intent')).toHaveLength(2)
  })

  it('keeps its first answer where the new request is refused before anything is written', async () => {
    const { florin, sandbox, advance, storage } = sandboxedFlorin()
    const first = await florin.payments.create(input, caller)
    await advance(DAY)
    const refused = florin.payments.create({ ...input, paymentMethod: 'method_unknown' }, caller)
    await expect(refused).rejects.toMatchObject({ code: 'payment_method_not_found' })
    const { row } = await storage.load({ row: one('operations', { id: first.operationId ?? '' }) })
    expect(row).toMatchObject({ callerKey: DIGEST })
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
  })

  it('never expires while its outcome is open', async () => {
    const { florin, sandbox, advance } = sandboxedFlorin({ webhooks: false })
    sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
    await expect(florin.payments.create(input, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await advance(30 * DAY)
    expect((await florin.payments.create(input, caller)).data.status).toBe('succeeded')
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
    // It was answered only now.
    await advance(DAY - 1)
    expect((await florin.payments.create(input, caller)).replayed).toBe(true)
  })
})

describe('when the storage fails after Stripe was called', () => {
  it.each(['load', 'commit'] as const)(
    'says that the outcome is unknown where a %s fails, never that nothing was done, and settles it with the same key',
    async (fails) => {
      let sent = false
      let healed = false
      const settles: (true | undefined)[] = []
      const refuse = () => {
        throw new UnavailableError('overloaded', 'no room', 'not_applied')
      }
      const { florin, sandbox } = sandboxedFlorin({
        webhooks: false,
        gateway: (real) => ({
          ...real,
          async send(call, key) {
            const answer = await real.send(call, key)
            sent = !healed && call.call === 'payment.create'
            return answer
          },
        }),
        storage: (real) => ({
          load: async (query) => (sent && fails === 'load' ? refuse() : real.load(query)),
          async commit(commit) {
            if (!sent) return real.commit(commit)
            settles.push(commit.settles)
            // A conflict makes the use case read again.
            return fails === 'load' ? 'conflict' : refuse()
          },
        }),
      })
      const first = florin.payments.create(input, caller)
      await expect(first).rejects.toMatchObject({ code: 'gateway_outcome_unknown', outcome: 'unknown' })
      expect(new Set(settles)).toEqual(new Set([true]))
      sent = false
      healed = true
      await sandbox.clock.advance(61)
      expect((await florin.payments.create(input, caller)).data.status).toBe('succeeded')
      expect(sandbox.state.all('payment_intent')).toHaveLength(1)
    },
  )
})

describe('when Stripe gives no answer', () => {
  it('says that the outcome is unknown, and settles the payment with the same key', async () => {
    const { florin, sandbox } = sandboxedFlorin({ webhooks: false })
    sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
    const first = florin.payments.create(input, caller)
    await expect(first).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'gateway_outcome_unknown',
      outcome: 'unknown',
    })
    const { data } = await florin.payments.list({ userId: alice.id }, alice)
    expect(data).toMatchObject([{ status: 'pending' }])
    const again = await florin.payments.create(input, caller)
    expect(again.data).toMatchObject({ id: data[0]?.id, status: 'succeeded' })
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
  })

  it('finds what was made when Stripe’s own key remembers a failure', async () => {
    const { florin, sandbox } = sandboxedFlorin({ webhooks: false })
    sandbox.faults.inject({ kind: 'fail_after', path: '/v1/payment_intents' })
    await expect(florin.payments.create(input, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    const again = await florin.payments.create(input, caller)
    expect(again.data.status).toBe('succeeded')
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
  })

  it('is settled by the webhook, when that comes first', async () => {
    const { florin, sandbox } = sandboxedFlorin()
    sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
    await expect(florin.payments.create(input, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    await sandbox.webhooks.settled()
    const { data } = await florin.payments.list({ userId: alice.id }, alice)
    expect(data).toMatchObject([{ status: 'succeeded' }])
  })

  it('frees the key, and shows the payment as canceled, when nothing was sent', async () => {
    let down = true
    const { florin, sandbox } = sandboxedFlorin({
      gateway: (inner) => ({
        ...inner,
        send: (call, key) => {
          if (!down || call.call !== 'payment.create') return inner.send(call, key)
          throw new UnavailableError('gateway_unavailable', 'connection refused', 'not_applied')
        },
      }),
    })
    const first = florin.payments.create(input, caller)
    await expect(first).rejects.toMatchObject({ code: 'gateway_unavailable', outcome: 'not_applied' })
    const { data } = await florin.payments.list({ userId: alice.id }, alice)
    expect(data).toMatchObject([{ status: 'canceled', failure: { code: 'gateway_unavailable' } }])
    down = false
    const again = await florin.payments.create(input, caller)
    expect(again).toMatchObject({ replayed: false, data: { status: 'succeeded' } })
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
  })

  it('never takes "could not connect" for "nothing happened" once the call may have been sent', async () => {
    let refused = false
    const { florin, sandbox } = sandboxedFlorin({
      webhooks: false,
      gateway: (inner) => ({
        ...inner,
        send: async (call, key) => {
          if (refused) throw new UnavailableError('gateway_unavailable', 'connection refused', 'not_applied')
          return inner.send(call, key)
        },
      }),
    })
    sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
    await expect(florin.payments.create(input, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    refused = true
    await expect(florin.payments.create(input, caller)).rejects.toMatchObject({ outcome: 'unknown' })
    refused = false
    expect((await florin.payments.create(input, caller)).data.status).toBe('succeeded')
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
  })
})
