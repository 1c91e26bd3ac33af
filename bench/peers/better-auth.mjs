// @better-auth/stripe: verifies and updates subscriptions. Other events are answered and not stored, errors as well.
import { stripe } from '@better-auth/stripe'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import pg from 'pg'
import Stripe from 'stripe'
import { given, serve } from './serve.mjs'

const pool = new pg.Pool({ connectionString: given('DATABASE_URL'), max: 10 })
const auth = betterAuth({
  database: pool,
  secret: 'a secret of the benchmark, used for nothing',
  baseURL: 'http://127.0.0.1',
  // On in production, where it answers 429 from the hundredth event on.
  rateLimit: { enabled: false },
  logger: { level: 'error' },
  telemetry: { enabled: false },
  plugins: [
    stripe({
      stripeClient: new Stripe('sk_test_bench'),
      stripeWebhookSecret: given('WEBHOOK_SECRET'),
      createCustomerOnSignUp: false,
      subscription: { enabled: true, plans: [{ name: 'basic', priceId: given('PRICE') }] },
    }),
  ],
})
await (await getMigrations(auth.options)).runMigrations()
await pool.query(
  `insert into subscription (id, plan, "referenceId", "stripeCustomerId", "stripeSubscriptionId", status)
   select id, 'basic', id, 'cus_' || id, id, 'active' from unnest($1::text[]) as id on conflict do nothing`,
  [given('SUBSCRIPTIONS').split(',')],
)

serve(async (request) => {
  const answer = await auth.handler(
    new Request('http://127.0.0.1/api/auth/stripe/webhook', {
      method: 'POST',
      headers: request.headers,
      body: await request.arrayBuffer(),
    }),
  )
  return answer.ok
})
