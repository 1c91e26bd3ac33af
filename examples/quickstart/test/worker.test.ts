import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const worker = new URL('../src/worker.ts', import.meta.url).href

// As a worker's bundler finds it: the Stripe client without Node's http.
const conditions = ['--conditions=@florin/source', '--conditions=workerd']

const program = `
  import { system } from '@florin/core'
  import { memoryStorage } from '@florin/core/memory'
  import { createStripeSandbox } from '@florin/stripe-sandbox'
  import { openFlorin } from ${JSON.stringify(worker)}

  const sandbox = createStripeSandbox()
  globalThis.fetch = sandbox.fetch
  const secrets = { stripeSecretKey: 'sk_test_x', webhookSecret: 'whsec_x', encryptionKey: btoa('k'.repeat(32)) }
  const florin = await openFlorin(memoryStorage(), secrets)
  const order = { userId: 'user_1', amount: 1000, currency: 'EUR', paymentMethod: 'pm_card_visa', description: 'socks' }
  const { data } = await florin.payments.create(order, { actor: system, idempotencyKey: 'order-17' })
  const { status, description } = await florin.payments.get(data.id, system)
  console.log(status, description, sandbox.state.all('charge').length)
`

it('takes a payment where there is no Node client of Stripe: by fetch and WebCrypto', async () => {
  const cwd = new URL('..', import.meta.url).pathname
  const started = [...conditions, '--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, started, { cwd })
  expect(stdout).toBe('succeeded socks 1\n')
})
