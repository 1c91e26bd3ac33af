import { createFlorin, system } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'

// Stripe without a network: give your own secret key and leave `fetch` out to talk to Stripe itself.
const sandbox = createStripeSandbox()
const stripe = stripeClient({ secretKey: 'sk_test_florin_sandbox', fetch: sandbox.fetch })

const florin = createFlorin({
  storage: memoryStorage(),
  gateway: stripeGateway({ stripe, webhookSecrets: ['whsec_florin_sandbox'] }),
  cipher: nodeCipher({ current: { id: 'demo', bytes: crypto.getRandomValues(new Uint8Array(32)) } }),
})

// The reference names the debt, for ever: it is paid once. The key names an attempt to pay it, for 24 hours.
const owed = { userId: 'user_123', amount: 1000, currency: 'USD', reference: 'order-17' }
const order = { ...owed, paymentMethod: 'pm_card_visa' }
const { data: payment } = await florin.payments.create(order, { actor: system, idempotencyKey: 'order-17-first' })
console.log(payment.status, payment.amountCaptured)

const { data: refund } = await florin.refunds.create({ transactionId: payment.id, amount: 400 }, { actor: system })
console.log('refunded', refund.amount, refund.status)

// At least once for each fact; a handler that throws is called again later, with the same event id.
florin.on('payment.succeeded', (event) => console.log('ship', event.data.amount, event.data.currency))
await florin.maintenance.dispatch()
