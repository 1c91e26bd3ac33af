import { createFlorin, system } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox, signWebhook } from '@florin/stripe-sandbox'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../packages/adapter-postgres/test/fresh-database.ts'
import { openFlorin } from '../src/production.ts'

const secrets = {
  stripeSecretKey: 'sk_live_never_used',
  webhookSecret: 'whsec_production',
  encryptionKey: Buffer.alloc(32, 7).toString('base64'),
}
// Stripe's account in live mode, which is the one of the seed.
const live = createStripeSandbox({ seed: 'live', keys: [secrets.stripeSecretKey] })
let database: FreshDatabase

const open = (account = live) => openFlorin({ ...secrets, databaseUrl: database.url }, account.fetch)

beforeAll(async () => {
  database = await freshDatabase({ migrated: false })
})

afterAll(() => database.close())

/** What Stripe would send of a payment in live mode. */
async function liveEvent(): Promise<{ body: string; payment: string }> {
  const sandbox = createStripeSandbox()
  const stripe = stripeClient({ secretKey: 'sk_test_x', fetch: sandbox.fetch })
  const florin = createFlorin({
    storage: memoryStorage(),
    gateway: stripeGateway({ stripe, webhookSecrets: ['unused'] }),
    cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32) } }),
  })
  const input = { userId: 'user_1', amount: 1000, currency: 'EUR', paymentMethod: 'pm_card_visa', description: 'socks' }
  const { data: payment } = await florin.payments.create(input, { actor: system })
  const { data } = await stripe.events.list({ type: 'payment_intent.succeeded' })
  return { body: JSON.stringify({ ...data[0], livemode: true }), payment: payment.stripePaymentIntentId ?? '' }
}

it('takes live webhooks, and opens after a restart what was sealed before', async () => {
  const { body, payment } = await liveEvent()
  const signature = signWebhook(body, [secrets.webhookSecret], Math.floor(Date.now() / 1000))
  const before = await open()
  expect(await before.florin.webhooks.receive(body, signature)).toMatchObject({ outcome: 'processed' })
  await before.close()

  const after = await open()
  expect(await after.florin.webhooks.receive(body, signature)).toMatchObject({ outcome: 'duplicate' })
  expect(await after.florin.payments.get(payment, system)).toMatchObject({ amount: 1000, description: 'socks' })
  await after.close()
})

it('does not start with the keys of another account, and takes no payment without a key', async () => {
  const another = createStripeSandbox({ seed: 'another', keys: [secrets.stripeSecretKey] })
  const { florin, close } = await open()
  await expect(open(another)).rejects.toThrow('the database belongs to')
  const order = { userId: 'user_1', amount: 1000, currency: 'EUR', paymentMethod: 'pm_card_visa' }
  const refused = { code: 'idempotency_key_missing' }
  await expect(florin.payments.create(order, { actor: system })).rejects.toMatchObject(refused)
  await close()
})
