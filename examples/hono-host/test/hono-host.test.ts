import { createHmac } from 'node:crypto'
import { createFlorin } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import { expect, it } from 'vitest'
import { createHost } from '../src/app.ts'
import { payOrder } from '../src/client.ts'

const jwtSecret = 'a-secret-of-32-characters-or-more'
const secret = 'whsec_hono_host'

const sandbox = createStripeSandbox({
  webhookEndpoints: [{ url: 'http://127.0.0.1/billing/api/v1/webhooks/stripe', secret }],
  send: async (url, body, headers) => host.request(new URL(url).pathname, { method: 'POST', body, headers }),
})

const florin = createFlorin({
  storage: memoryStorage(),
  gateway: stripeGateway({
    stripe: stripeClient({ secretKey: 'sk_test_x', fetch: sandbox.fetch }),
    webhookSecrets: [secret],
  }),
  cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32) } }),
})

const host = createHost(florin, jwtSecret)

function token(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ ...claims, exp: Math.floor(Date.now() / 1000) + 60 })}`
  return `${signed}.${createHmac('sha256', jwtSecret).update(signed).digest('base64url')}`
}

const serviceToken = () => token({ sub: 'shop', roles: ['service'] })

const post = (path: string, body: object) =>
  host.request(path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${serviceToken()}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  })

it('serves Florin under its own path, and its own pages beside it', async () => {
  expect(await (await host.request('/')).text()).toBe('a shop')
  const order = { user_id: 'user_1', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }
  const created = await post('/billing/api/v1/payments', order)
  expect(created.status).toBe(201)
  expect(await created.json()).toMatchObject({ status: 'succeeded', amount: 1000 })
})

it('is paid through the typed client, once for an order', async () => {
  const send: typeof fetch = async (input, init) => host.request(String(input), init)
  const pay = () => payOrder('http://shop.test/billing', serviceToken(), send)
  const payment = await pay()
  expect(payment).toMatchObject({ status: 'succeeded', amount: 1000, user_id: 'user_123' })
  expect(await pay()).toEqual(payment)
})

it('takes the signed webhooks of its payments', async () => {
  await sandbox.webhooks.settled()
  const deliveries = sandbox.webhooks.deliveries()
  expect(deliveries.length).toBeGreaterThan(0)
  expect(deliveries.every(({ status }) => status === 'succeeded')).toBe(true)
})

it('asks for a token', async () => {
  const answer = await host.request('/billing/api/v1/payments/tx_1')
  expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/problem+json'])
})
