import { describe, expect, it } from 'vitest'
import { card, debtWorld, order } from '../../test/debt-world.ts'
import { alice, service } from '../../test/sandboxed-florin.ts'
import { UnavailableError } from '../errors.ts'

const declining = 'pm_card_chargeDeclined'
const authenticating = 'pm_card_threeDSecure2Required'
const returnUrl = 'https://shop.example/done'

describe('a payment with a reference', () => {
  it.each([
    { state: 'has succeeded', change: {}, status: 'succeeded' },
    { state: 'waits for a method', change: { paymentMethod: undefined }, status: 'requires_payment_method' },
    { state: 'was declined', change: { paymentMethod: declining }, status: 'failed' },
    { state: 'waits for 3-D Secure', change: { paymentMethod: authenticating, returnUrl }, status: 'requires_action' },
    { state: 'is authorised', change: { captureMethod: 'manual' }, status: 'requires_capture' },
  ])('refuses a second one while the first $state', async ({ change, status }) => {
    const { pay, sandbox } = debtWorld()
    const { data } = await pay(change)
    expect(data.status).toBe(status)
    const claimed = { kind: 'refused', code: 'reference_already_claimed', details: { objectId: data.id } }
    await expect(pay()).rejects.toMatchObject(claimed)
    await expect(pay({ amount: 2000 })).rejects.toMatchObject(claimed)
    expect(sandbox.state.all('payment_intent')).toHaveLength(1)
  })

  it('refuses a second one while the outcome of the first is not known', async () => {
    const { pay, sandbox, payments } = debtWorld()
    await pay({ reference: 'another' })
    sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
    await expect(pay()).rejects.toMatchObject({ code: 'gateway_outcome_unknown' })
    const [first] = await payments()
    await expect(pay()).rejects.toMatchObject({ code: 'reference_already_claimed', details: { objectId: first?.id } })
  })

  it('leaves other references, other users and payments without one alone', async () => {
    const { pay } = debtWorld()
    await pay()
    for (const change of [{ reference: 'order-18' }, { reference: undefined }, { userId: 'user_bob' }]) {
      expect((await pay(change)).data.status).toBe('succeeded')
    }
  })

  it('makes one payment of ten that race for it', async () => {
    const { pay, sandbox, net } = debtWorld()
    await pay({ reference: 'the customer is there' })
    const raced = await Promise.allSettled(Array.from({ length: 10 }, () => pay()))
    const [winner, ...others] = raced.flatMap((one) => (one.status === 'fulfilled' ? [one.value.data] : []))
    expect(others).toEqual([])
    const losers = raced.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(losers).toHaveLength(9)
    for (const loser of losers) {
      expect(loser).toMatchObject({ code: 'reference_already_claimed', details: { objectId: winner?.id } })
    }
    expect([sandbox.state.all('payment_intent').length, net()]).toEqual([2, 2000])
  })

  it('is tried again by confirming it', async () => {
    const { pay, florin, net } = debtWorld()
    const { data } = await pay({ paymentMethod: declining })
    const again = await florin.payments.confirm({ id: data.id, paymentMethod: card }, { actor: alice })
    expect([again.data.id, again.data.status, net()]).toEqual([data.id, 'succeeded', 1000])
  })

  it('is replayed under its own key', async () => {
    const { florin } = debtWorld()
    const caller = { actor: service, idempotencyKey: 'order-17' }
    const first = await florin.payments.create({ ...order, paymentMethod: card }, caller)
    const again = await florin.payments.create({ ...order, paymentMethod: card }, caller)
    expect(again).toMatchObject({ replayed: true, data: { id: first.data.id } })
  })

  it('frees the reference when it is canceled, also for another amount', async () => {
    const { pay, florin } = debtWorld()
    const { data } = await pay({ paymentMethod: declining })
    await florin.payments.cancel({ id: data.id }, { actor: alice })
    const second = await pay({ amount: 2500, currency: 'EUR' })
    expect(second.data).toMatchObject({ status: 'succeeded', amount: 2500, duplicateOf: null })
    await expect(pay()).rejects.toMatchObject({ details: { objectId: second.data.id } })
  })

  it('frees the reference when Stripe tells that it was canceled there, and not before', async () => {
    const { pay, stripe, letIn } = debtWorld()
    const { data } = await pay({ paymentMethod: undefined })
    await stripe(`payment_intents/${data.stripePaymentIntentId}/cancel`, {})
    await expect(pay()).rejects.toMatchObject({ code: 'reference_already_claimed' })
    await letIn()
    expect((await pay()).data.status).toBe('succeeded')
  })

  it('frees the reference when Stripe refused to make it', async () => {
    const { pay } = debtWorld()
    await expect(pay({ paymentMethod: 'pm_1NoSuchMethod' })).rejects.toMatchObject({ code: 'payment_method_not_found' })
    expect((await pay()).data.status).toBe('succeeded')
  })

  it('frees the reference when it never reached Stripe', async () => {
    let down = true
    const { pay } = debtWorld({
      gateway: (inner) => ({
        ...inner,
        send: (call, key) => {
          if (!down || call.call !== 'payment.create') return inner.send(call, key)
          throw new UnavailableError('gateway_unavailable', 'connection refused', 'not_applied')
        },
      }),
    })
    await expect(pay()).rejects.toMatchObject({ code: 'gateway_unavailable' })
    down = false
    expect((await pay()).data.status).toBe('succeeded')
  })

  it('frees the reference when recovery finds that it never reached Stripe', async () => {
    const { pay, florin, sandbox, advance } = debtWorld()
    await pay({ reference: 'the customer is there' })
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents' })
    await expect(pay()).rejects.toMatchObject({ code: 'gateway_outcome_unknown' })
    await advance(3600)
    await florin.maintenance.recover()
    // It may be on its way still: who pays by another way now might pay twice.
    await expect(pay()).rejects.toMatchObject({ code: 'reference_already_claimed' })
    await advance(90)
    await florin.maintenance.recover()
    expect((await pay()).data.status).toBe('succeeded')
  })

  it('makes three round trips and one gateway call for a known customer', async () => {
    const { pay, counts } = debtWorld()
    await pay({ reference: 'the customer is there' })
    counts.reset()
    await pay()
    expect(counts).toMatchObject({ loads: 1, commits: 2, calls: 1 })
  })
})

/** Two routes to pay one debt, in every order in which their steps can fall. */
const interleavings: readonly {
  readonly order: string
  readonly duplicates: number
  readonly play: (world: ReturnType<typeof debtWorld>) => Promise<unknown>
}[] = [
  {
    order: 'checkout opened, paid directly, checkout completed',
    duplicates: 1,
    async play({ openCheckout, pay, letIn }) {
      const { complete } = await openCheckout()
      await pay()
      await letIn()
      await complete()
    },
  },
  {
    order: 'checkout completed, its webhooks late, paid directly',
    duplicates: 1,
    async play({ openCheckout, pay }) {
      const { complete } = await openCheckout()
      await complete()
      await pay()
    },
  },
  {
    order: 'checkout completed, its webhooks in, paid directly',
    duplicates: 0,
    async play({ openCheckout, pay, letIn }) {
      const { complete } = await openCheckout()
      await complete()
      await letIn()
      await expect(pay()).rejects.toMatchObject({ code: 'reference_already_claimed' })
    },
  },
  {
    order: 'paid directly, then checkout opened',
    duplicates: 0,
    async play({ openCheckout, pay }) {
      await pay()
      await expect(openCheckout()).rejects.toMatchObject({ code: 'reference_already_claimed' })
    },
  },
  {
    order: 'two checkouts opened, both completed',
    duplicates: 1,
    async play({ openCheckout }) {
      const [first, second] = [await openCheckout(), await openCheckout()]
      await first.complete()
      await second.complete()
    },
  },
  {
    order: 'waiting for 3-D Secure, checkout completed, then authenticated',
    duplicates: 1,
    async play({ openCheckout, pay, letIn, sandbox }) {
      const { complete } = await openCheckout()
      const { data } = await pay({ paymentMethod: authenticating, returnUrl })
      await complete()
      await letIn()
      await sandbox.control('POST', `/payment_intents/${data.stripePaymentIntentId}/authenticate`, {})
    },
  },
  {
    order: 'waiting for 3-D Secure, checkout completed, looked at, then authenticated',
    duplicates: 1,
    async play({ openCheckout, pay, settle, sandbox }) {
      const { complete } = await openCheckout()
      const { data } = await pay({ paymentMethod: authenticating, returnUrl })
      await complete()
      await settle()
      await sandbox.control('POST', `/payment_intents/${data.stripePaymentIntentId}/authenticate`, {})
    },
  },
  {
    order: 'authorised, checkout completed, then captured',
    duplicates: 1,
    async play({ openCheckout, pay, settle, florin }) {
      const { complete } = await openCheckout()
      const { data } = await pay({ captureMethod: 'manual' })
      await complete()
      await settle()
      await florin.payments.capture({ id: data.id }, { actor: service })
    },
  },
  {
    order: 'declined, checkout completed, then confirmed',
    duplicates: 1,
    async play({ openCheckout, pay, settle, florin, net }) {
      const { complete } = await openCheckout()
      const { data } = await pay({ paymentMethod: declining })
      await complete()
      await settle()
      expect(net()).toBe(1000)
      const again = florin.payments.confirm({ id: data.id, paymentMethod: card }, { actor: alice })
      await expect(again).rejects.toMatchObject({ code: 'reference_already_claimed' })
    },
  },
  {
    order: 'declined, checkout completed, confirmed before its webhooks came',
    duplicates: 1,
    async play({ openCheckout, pay, florin }) {
      const { complete } = await openCheckout()
      const { data } = await pay({ paymentMethod: declining })
      await complete()
      await florin.payments.confirm({ id: data.id, paymentMethod: card }, { actor: alice })
    },
  },
  {
    order: 'declined, checkout completed, then canceled: the claim is the checkout’s',
    duplicates: 1,
    async play({ openCheckout, pay, settle, florin }) {
      const { complete } = await openCheckout()
      const { data } = await pay({ paymentMethod: declining })
      await complete()
      await settle()
      await florin.payments.cancel({ id: data.id }, { actor: alice })
      await expect(pay()).rejects.toMatchObject({ code: 'reference_already_claimed' })
    },
  },
  {
    order: 'canceled, checkout completed',
    duplicates: 0,
    async play({ openCheckout, pay, florin, letIn }) {
      const { complete } = await openCheckout()
      const { data } = await pay({ paymentMethod: declining })
      await florin.payments.cancel({ id: data.id }, { actor: alice })
      await complete()
      await letIn()
      await expect(pay()).rejects.toMatchObject({ code: 'reference_already_claimed' })
    },
  },
  {
    order: 'answer lost, checkout completed, recovered',
    duplicates: 1,
    async play({ openCheckout, pay, sandbox }) {
      const { complete } = await openCheckout()
      sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
      await expect(pay()).rejects.toMatchObject({ code: 'gateway_outcome_unknown' })
      await complete()
    },
  },
  {
    order: 'paid directly, and by a PaymentIntent that somebody made at Stripe',
    duplicates: 1,
    async play({ pay, payElsewhere }) {
      await pay()
      await payElsewhere()
    },
  },
  {
    order: 'paid by a PaymentIntent made at Stripe, its webhook late, and directly',
    duplicates: 1,
    async play({ pay, payElsewhere }) {
      await pay({ reference: 'the customer is there', amount: 100 })
      await payElsewhere()
      await pay()
    },
  },
]

describe('paid by two routes', () => {
  it.each(interleavings)('takes the amount due once: $order', async ({ play, duplicates }) => {
    const world = debtWorld()
    await play(world)
    await world.settle()
    const aside = (await world.payments()).filter(({ reference }) => reference !== order.reference)
    const others = aside.reduce((sum, { amountCaptured }) => sum + amountCaptured, 0)
    expect(world.net() - others).toBe(order.amount)
    expect(await world.told('payment.duplicate_detected')).toBe(duplicates)
    const payments = await world.payments()
    const marked = payments.filter(({ duplicateOf }) => duplicateOf !== null)
    expect(marked).toHaveLength(duplicates)
    expect(payments.map(({ id }) => id)).toEqual(expect.arrayContaining(marked.map(({ duplicateOf }) => duplicateOf)))
    const back = marked.filter(({ amountRefunded }) => amountRefunded > 0)
    expect(await world.told('payment.duplicate_refunded')).toBe(back.length)
    await expect(world.pay()).rejects.toMatchObject({ code: 'reference_already_claimed' })
  })

  it('takes the amount due once where webhooks come before the answers', async () => {
    const world = debtWorld({ sandbox: { webhookMode: { before_answer: true } } })
    const { complete } = await world.openCheckout()
    await world.pay()
    await complete()
    await world.settle()
    expect([world.net(), await world.told('payment.duplicate_detected')]).toEqual([1000, 1])
  })

  it('refunds both of two that came besides', async () => {
    const { openCheckout, pay, settle, net, told } = debtWorld()
    const [first, second] = [await openCheckout(), await openCheckout()]
    await pay()
    await first.complete()
    await second.complete()
    await settle()
    expect([net(), await told('payment.duplicate_detected'), await told('payment.duplicate_refunded')]).toEqual([
      1000, 2, 2,
    ])
  })
})
