// @supabase/stripe-sync-engine: verifies and mirrors the object. It keeps no event, so it cannot know one that it had.
import { createRequire } from 'node:module'
import { given, serve } from './serve.mjs'

// As CommonJS: its migrations are not found from the other form, which says nothing of it and makes no tables.
const { runMigrations, StripeSync } = createRequire(import.meta.url)('@supabase/stripe-sync-engine')

const connectionString = given('DATABASE_URL')
await runMigrations({ databaseUrl: connectionString, schema: 'stripe' })
const sync = new StripeSync({
  poolConfig: { connectionString, max: 10 },
  stripeSecretKey: 'sk_test_bench',
  stripeWebhookSecret: given('WEBHOOK_SECRET'),
  // No call to Stripe for an event: the fastest that it can do.
  backfillRelatedEntities: false,
  autoExpandLists: false,
})

serve(async (request) => {
  await sync.processWebhook(Buffer.from(await request.arrayBuffer()), request.headers.get('stripe-signature'))
  return true
})
