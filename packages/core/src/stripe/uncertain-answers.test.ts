import { createStripeSandbox } from '@florin/stripe-sandbox'
import { expect, it } from 'vitest'
import { testCipher } from '../../test/opened.ts'
import { alice, service } from '../../test/sandboxed-florin.ts'
import { createFlorin } from '../index.ts'
import { memoryStorage } from '../memory/index.ts'
import { stripeClient, stripeGateway } from './index.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const once = { actor: service, idempotencyKey: 'once' }

const json = (status: number, body: object) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', date: new Date().toUTCString() },
  })
const error = (status: number, type: string, code: string) => json(status, { error: { type, code, message: code } })

/** Florin and a Stripe of which something on the way changes the answers to payments. Its sends are counted. */
function behind(change: (answer: () => Promise<Response>, sends: number) => Promise<Response>) {
  const sandbox = createStripeSandbox()
  let sends = 0
  const send: typeof fetch = (input, init) => {
    const answer = () => sandbox.fetch(input, init)
    if (init?.method !== 'POST' || !String(input).includes('/payment_intents')) return answer()
    sends += 1
    return change(answer, sends)
  }
  const stripe = stripeClient({ secretKey: 'sk_test_florin', fetch: send })
  const gateway = stripeGateway({ stripe, webhookSecrets: ['whsec_x'] })
  return { florin: createFlorin({ storage: memoryStorage(), gateway, cipher: testCipher }), sandbox }
}

// Something on the way sent it twice: the first is carried out, and of it only "in use" is seen.
const inUseThen = (then: () => Response) => async (answer: () => Promise<Response>, sends: number) => {
  if (sends > 1) return then()
  await answer()
  return error(409, 'idempotency_error', 'idempotency_key_in_use')
}

it.each([
  ['too many requests', () => error(429, 'invalid_request_error', 'rate_limit')],
  [
    'no connection',
    () => {
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })
    },
  ],
])('while its key is in use, %s does not say that nothing was done', async (_, then) => {
  const { florin, sandbox } = behind(inUseThen(then))
  await expect(florin.payments.create(order, once)).rejects.toMatchObject({ outcome: 'unknown' })
  expect(sandbox.state.all('payment_intent')).toHaveLength(1)
})

it('an answer that shows no payment does not say that there is one, nor that there is none', async () => {
  const { florin } = behind(async (answer, sends) => {
    const whole = await answer()
    return sends === 1 ? json(200, {}) : whole
  })
  await expect(florin.payments.create(order, once)).rejects.toMatchObject({ outcome: 'unknown' })
  expect((await florin.payments.create(order, once)).data.status).toBe('succeeded')
})
