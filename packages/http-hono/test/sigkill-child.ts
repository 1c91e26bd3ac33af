// A process that does one thing and kills itself on the way, as a power cut would: at the n-th point before or after a
// call of the storage or the gateway.
import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin, type PaymentGateway, type Storage, system, systemRuntime } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { Pool } from 'pg'

const { DATABASE_URL = '', STRIPE_API_BASE = '', ACT = '', TARGET = '', POINT = '', NOW = '' } = process.env

let points = 0
function point(): void {
  points += 1
  if (points === Number(POINT)) process.kill(process.pid, 'SIGKILL')
}
async function around<T>(work: () => Promise<T>): Promise<T> {
  point()
  const result = await work()
  point()
  return result
}

const pool = new Pool({ connectionString: DATABASE_URL, max: 2 })
const rows = postgresStorage({ database: fromPool(pool) })
const storage: Storage = {
  load: (query) => around(() => rows.load(query)),
  commit: (commit) => around(() => rows.commit(commit)),
}
const stripe = stripeClient({ secretKey: 'sk_test_kill', apiBase: STRIPE_API_BASE })
const direct = stripeGateway({ stripe, webhookSecrets: ['whsec_kill'] })
const gateway: PaymentGateway = { ...direct, send: (call, key) => around(() => direct.send(call, key)) }

const florin = createFlorin({
  storage,
  gateway,
  cipher: nodeCipher({ current: { id: 'kill', bytes: new Uint8Array(32).fill(3) } }),
  runtime: { ...systemRuntime, now: () => Number(NOW) },
})
const caller = { actor: system, idempotencyKey: 'the one key' }
const card = { userId: 'user_1', paymentMethod: 'pm_card_visa' }
const acts: Record<string, () => Promise<unknown>> = {
  pay: () => florin.payments.create({ ...card, amount: 2000, currency: 'USD' }, caller),
  refund: () => florin.refunds.create({ transactionId: TARGET, amount: 500 }, caller),
  subscribe: () => florin.subscriptions.create({ ...card, priceId: 'price_1234567890' }, caller),
}
await acts[ACT]?.()
await pool.end()
console.log('finished')
