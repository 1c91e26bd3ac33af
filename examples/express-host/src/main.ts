import { createFlorin } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import { createApp } from './app.ts'
import { maintain } from './maintain.ts'

const port = Number(process.env.PORT ?? 3000)
const secret = 'whsec_florin_sandbox'
const url = `http://127.0.0.1:${port}/webhooks/stripe`
const sandbox = createStripeSandbox({ webhookEndpoints: [{ url, secret }] })

const storage = memoryStorage()
const florin = createFlorin({
  storage,
  retention: storage.retention,
  gateway: stripeGateway({
    stripe: stripeClient({ secretKey: 'sk_test_florin_sandbox', fetch: sandbox.fetch }),
    webhookSecrets: [secret],
  }),
  cipher: nodeCipher({ current: { id: 'demo', bytes: crypto.getRandomValues(new Uint8Array(32)) } }),
})

florin.on('payment.succeeded', ({ data }) => console.log('ship', data.id))
maintain(florin)
createApp(florin).listen(port, '127.0.0.1', () => console.log(`shop on http://127.0.0.1:${port}`))
