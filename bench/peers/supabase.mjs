// @supabase/stripe-sync-engine: verifies and mirrors the object. It keeps no event, so it cannot know one that it had.
import { runMigrations, StripeSync } from '@supabase/stripe-sync-engine'
import { given, serve } from './serve.mjs'

const connectionString = given('DATABASE_URL')
await runMigrations({ databaseUrl: connectionString, schema: 'stripe' })
const sync = new StripeSync({
  poolConfig: { connectionString, max: 10 },
  stripeSecretKey: 'sk_test_bench',
  stripeWebhookSecret: given('STRIPE_WEBHOOK_SECRET'),
  // No call to Stripe for an event: the fastest that it can do.
  backfillRelatedEntities: false,
  autoExpandLists: false,
})

serve(async (request) => {
  await sync.processWebhook(Buffer.from(await request.arrayBuffer()), request.headers.get('stripe-signature'))
  return true
})
