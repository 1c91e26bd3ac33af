import { createFlorin, system, systemRuntime } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import { expect, it } from 'vitest'

const DAY = 24 * 3600
const secret = 'whsec_test'

// Stripe in this process: its webhooks are handed to Florin, and Florin lives in its time.
const sandbox = createStripeSandbox({
  webhookEndpoints: [{ url: 'http://shop.test/webhooks', secret }],
  async send(_url, body, headers) {
    await florin.webhooks.receive(body, headers['stripe-signature'])
    return { status: 200 }
  },
})
const florin = createFlorin({
  storage: memoryStorage(),
  gateway: stripeGateway({
    stripe: stripeClient({ secretKey: 'sk_test_x', fetch: sandbox.fetch }),
    webhookSecrets: [secret],
  }),
  cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32) } }),
  runtime: { ...systemRuntime, now: sandbox.clock.nowMs },
})
const told: string[] = []
florin.on('*', ({ type }) => void told.push(type))

it('ships once the customer has authenticated', async () => {
  const order = { userId: 'user_1', amount: 1000, currency: 'EUR', paymentMethod: 'pm_card_threeDSecure2Required' }
  const { data } = await florin.payments.create(order, { actor: system, idempotencyKey: 'order-17' })
  expect(data.status).toBe('requires_action')
  await sandbox.control('POST', `/payment_intents/${data.stripePaymentIntentId}/authenticate`, { outcome: 'succeed' })
  await sandbox.webhooks.settled()
  await florin.maintenance.dispatch()
  expect(told).toContain('payment.succeeded')
})

it('is paid for two weeks after the trial began, and every month from then on', async () => {
  const plan = { userId: 'user_1', priceId: 'price_1234567890', paymentMethod: 'pm_card_visa', trialDays: 14 }
  const { data } = await florin.subscriptions.create(plan, { actor: system, idempotencyKey: 'signup-1' })
  await sandbox.clock.advance(50 * DAY)
  await sandbox.webhooks.settled()
  const { data: invoices } = await florin.invoices.listBySubscription({ subscriptionId: data.id }, system)
  expect(invoices.map(({ amountPaid }) => amountPaid)).toEqual([2000, 2000, 0])
})
