// What a careful hand writes first: verify the signature, store the event, answer. Nothing else.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Pool } from 'pg'
import Stripe from 'stripe'

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const stripe = new Stripe('sk_test_bench')
const secret = process.env.WEBHOOK_SECRET ?? ''
const app = new Hono()

app.post('/webhooks', async (c) => {
  const body = await c.req.text()
  let event: Stripe.Event
  try {
    event = await stripe.webhooks.constructEventAsync(body, c.req.header('stripe-signature') ?? '', secret)
  } catch {
    return c.json({ error: 'signature' }, 400)
  }
  await pool.query({
    name: 'insert_event',
    text: `insert into webhook_events (id, type, api_version, created, payload)
           values ($1, $2, $3, to_timestamp($4), $5) on conflict do nothing`,
    values: [event.id, event.type, event.api_version, event.created, body],
  })
  return c.json({ received: true })
})

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' })
