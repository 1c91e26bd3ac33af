import { createFlorin } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import { serve } from '@hono/node-server'
import { createHost } from './app.ts'

const port = Number(process.env.PORT ?? 3001)
const secret = 'whsec_florin_sandbox'
const url = `http://127.0.0.1:${port}/billing/api/v1/webhooks/stripe`
const sandbox = createStripeSandbox({ webhookEndpoints: [{ url, secret }] })

const florin = createFlorin({
  storage: memoryStorage(),
  gateway: stripeGateway({
    stripe: stripeClient({ secretKey: 'sk_test_florin_sandbox', fetch: sandbox.fetch }),
    webhookSecrets: [secret],
  }),
  cipher: nodeCipher({ current: { id: 'demo', bytes: crypto.getRandomValues(new Uint8Array(32)) } }),
})

const host = createHost(florin, 'a-secret-of-32-characters-or-more')
serve({ fetch: host.fetch, port, hostname: '127.0.0.1' }, () => console.log(`shop on http://127.0.0.1:${port}`))
