import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFlorin } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import type { Express } from 'express'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApp } from '../src/app.ts'
import { maintain } from '../src/maintain.ts'

const secret = 'whsec_express_host'
let server: Server
let base: string
let stop: () => Promise<void>
const shipped: string[] = []

const sandbox = createStripeSandbox({
  webhookEndpoints: [{ url: 'http://127.0.0.1/webhooks/stripe', secret }],
  send: async (url, body, headers) => fetch(new URL(new URL(url).pathname, base), { method: 'POST', body, headers }),
})

beforeAll(async () => {
  const storage = memoryStorage()
  const florin = createFlorin({
    storage,
    retention: storage.retention,
    gateway: stripeGateway({
      stripe: stripeClient({ secretKey: 'sk_test_x', fetch: sandbox.fetch }),
      webhookSecrets: [secret],
    }),
    cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32) } }),
  })
  florin.on('payment.succeeded', ({ data }) => void shipped.push(data.id))
  stop = maintain(florin)
  server = asInExpress4(createApp(florin)).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  // A server that listens on an address has one of this kind.
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  await stop()
  sandbox.close()
  server.close()
})

/** Express 4 does not look at what handlers return: what rejects unseen ends the process. */
function asInExpress4(app: Express): Express {
  for (const layer of app.router.stack.flatMap(({ route }) => route?.stack ?? [])) {
    const { handle } = layer
    layer.handle = (...given) => void handle(...given)
  }
  return app
}

const pay = (order: string, method: string, attempt: string) =>
  fetch(`${base}/orders/${order}/pay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-user': 'user_1', 'idempotency-key': `${order}-${attempt}` },
    body: JSON.stringify({ payment_method: method }),
  })

it('takes one payment for an order, however often the customer asks', async () => {
  const first = await (await pay('a17', 'pm_card_visa', 'one')).json()
  // The same attempt again, then another one: in another tab, or when the first key has been forgotten.
  for (const attempt of ['one', 'two']) {
    const again = await pay('a17', 'pm_card_visa', attempt)
    expect([again.status, await again.json()]).toEqual([201, { ...first, updatedAt: expect.any(String) }])
  }
  expect(sandbox.state.all('charge')).toHaveLength(1)
})

it('is told of the payment by its maintenance, once', async () => {
  await expect.poll(() => shipped.length, { timeout: 10_000 }).toBe(1)
})

it('takes the signed webhook, and refuses a forged one', async () => {
  await sandbox.webhooks.settled()
  expect(sandbox.webhooks.deliveries().map(({ attempts }) => attempts.at(-1)?.status)).toContain(200)
  const forged = await fetch(`${base}/webhooks/stripe`, { method: 'POST', body: '{}' })
  expect(forged.status).toBe(400)
})

it('takes another card for an order whose first one was declined', async () => {
  const declined = await (await pay('c19', 'pm_card_chargeDeclined', 'one')).json()
  const again = await pay('c19', 'pm_card_visa', 'two')
  expect(again.status).toBe(201)
  expect(await again.json()).toMatchObject({ id: declined.id, status: 'succeeded' })
})

it('answers a decline with 402, and hides a payment from other users', async () => {
  const declined = await pay('b18', 'pm_card_chargeDeclined', 'one')
  expect(declined.status).toBe(402)
  const { id } = await declined.json()
  const read = (user: string) => fetch(`${base}/payments/${id}`, { headers: { 'x-user': user } })
  expect([(await read('user_1')).status, (await read('user_2')).status]).toEqual([200, 404])
})
