// A payment as it is written without thinking of crashes: store it, ask Stripe, store the answer, each awaited.
import { randomUUID } from 'node:crypto'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Pool } from 'pg'
import Stripe from 'stripe'

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const stripe = new Stripe('sk_test_bench', {
  ...{ host: '127.0.0.1', port: process.env.STRIPE_PORT ?? '', protocol: 'http' },
  ...{ telemetry: false, maxNetworkRetries: 0 },
})
const app = new Hono()

app.post('/payments', async (c) => {
  const { user_id, amount, currency, payment_method } = await c.req.json()
  const id = randomUUID()
  await pool.query({
    name: 'insert_payment',
    text: `insert into payments (id, user_id, amount, currency, status) values ($1, $2, $3, $4, 'pending')`,
    values: [id, user_id, amount, currency],
  })
  const intent = await stripe.paymentIntents.create(
    {
      ...{ amount, currency, payment_method, confirm: true, customer: 'cus_1', metadata: { id } },
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    },
    { idempotencyKey: id },
  )
  await pool.query({
    name: 'update_payment',
    text: 'update payments set status = $2, gateway_id = $3 where id = $1',
    values: [id, intent.status, intent.id],
  })
  return c.json({ id, status: intent.status }, 201)
})

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' })
