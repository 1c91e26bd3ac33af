import { z } from 'zod'
import { many } from '../src/ports/storage.ts'
import { alice, sandboxedFlorin, service } from './sandboxed-florin.ts'

const customers = z.array(z.looseObject({ id: z.string() }))
const charges = z.array(
  z.looseObject({
    captured: z.boolean(),
    status: z.string(),
    amount_captured: z.number(),
    amount_refunded: z.number(),
  }),
)

export const order = { userId: alice.id, amount: 1000, currency: 'USD', reference: 'order-17' }
export const card = 'pm_card_visa'
const urls = { successUrl: 'https://shop.example/thanks', cancelUrl: 'https://shop.example/cart' }

/** Florin and the sandbox, with the ways by which one debt can be paid. Webhooks come when they are let in. */
export function debtWorld(options: Parameters<typeof sandboxedFlorin>[0] = {}) {
  const world = sandboxedFlorin({
    ...options,
    settings: { autoRefundDuplicates: true, ...options.settings },
    sandbox: { webhookMode: { hold: true }, ...options.sandbox },
  })
  const { florin, sandbox, storage } = world
  const stripe = async (path: string, body: Record<string, string>): Promise<Record<string, unknown>> => {
    const response = await sandbox.fetch(`https://api.stripe.com/v1/${path}`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_florin', 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(body).toString(),
    })
    const answer: Record<string, unknown> = JSON.parse(await response.text())
    if (response.status >= 400 && response.status !== 402) throw new Error(JSON.stringify(answer))
    return answer
  }
  const letIn = async () => {
    await sandbox.clock.advance(1)
    await sandbox.webhooks.flush()
  }
  return {
    ...world,
    stripe,
    pay: (change: object = {}) =>
      florin.payments.create({ ...order, paymentMethod: card, ...change }, { actor: service }),
    async openCheckout(change: object = {}) {
      const input = { ...order, mode: 'payment' as const, ...urls, ...change }
      const { data } = await florin.checkoutSessions.create(input, { actor: service })
      return {
        session: data,
        complete: (paymentMethod = card) =>
          sandbox.control('POST', `/checkout/sessions/${data.id}/complete`, { payment_method: paymentMethod }),
      }
    },
    /** A payment that somebody makes at Stripe, without Florin. */
    async payElsewhere(change: Record<string, string> = {}) {
      const [customer] = customers.parse(sandbox.state.all('customer'))
      return stripe('payment_intents', {
        ...{ amount: '1000', currency: 'usd', customer: customer?.id ?? '', confirm: 'true', payment_method: card },
        ...{
          'metadata[florin_reference]': order.reference,
          'automatic_payment_methods[enabled]': 'true',
          'automatic_payment_methods[allow_redirects]': 'never',
        },
        ...change,
      })
    },
    /** Lets in all webhooks that are waiting. */
    letIn,
    /** Webhooks and everything that runs in the background, until nothing is left. */
    async settle() {
      for (let round = 0; round < 3; round += 1) {
        await letIn()
        await florin.maintenance.recover()
        await florin.maintenance.refresh()
        await florin.maintenance.refundDuplicates()
      }
      await letIn()
    },
    /** What Stripe took and did not give back. */
    net() {
      const taken = charges
        .parse(sandbox.state.all('charge'))
        .filter((one) => one.captured && one.status === 'succeeded')
      return taken.reduce((sum, charge) => sum + charge.amount_captured - charge.amount_refunded, 0)
    },
    /** How often an event was told. */
    async told(type: string) {
      const { events } = await storage.load({ events: many('outbox', { status: 'pending' }) })
      return events.filter((event) => event.type === type).length
    },
    async payments() {
      return (await florin.payments.list({ userId: alice.id }, service)).data
    },
  }
}
