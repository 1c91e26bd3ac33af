import { createStripeSandbox, serveSandbox } from '@florin/stripe-sandbox'
import Stripe from 'stripe'
import { afterAll, expect, test } from 'vitest'
import { freshDatabase } from '../../adapter-postgres/test/fresh-database.ts'
import { runFlorin } from './run-command.ts'

const database = await freshDatabase({ migrated: false })
const pool = database.pool()
const sql = (statement: string) => pool.query(statement)

const sandbox = createStripeSandbox({ now: Math.floor(Date.now() / 1000) })
const stripe = new Stripe('sk_test_users', {
  httpClient: Stripe.createFetchHttpClient((input, init) => sandbox.fetch(input, init)),
  maxNetworkRetries: 0,
})
const served = serveSandbox(sandbox, { port: 0 })

afterAll(async () => {
  await (await served).close()
  sandbox.close()
  await database.close()
})

/** Runs a command in this process, against PostgreSQL and the sandbox over HTTP. */
const florin = async (...args: string[]) => florinWith({}, ...args)

const florinWith = async (environment: Readonly<Record<string, string>>, ...args: string[]) =>
  runFlorin(args, {
    DATABASE_URL: database.url,
    STRIPE_API_BASE: (await served).url,
    STRIPE_RATE_LIMIT_PER_SECOND: '0',
    STRIPE_SECRET_KEY: 'sk_test_users',
    ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
    LOG_LEVEL: 'error',
    ...environment,
  })

test('florin users erase: says to try again where the database does not answer', async () => {
  const away = await florinWith({ DATABASE_URL: 'postgres://127.0.0.1:1/payment_db' }, 'users', 'erase', 'user_1')
  expect(away).toMatchObject({ code: 75, printed: [] })
  expect(away.complained.join()).toMatch(/^florin users: PostgreSQL .* does not answer: connect ECONNREFUSED/)
})

test('florin users erase: refuses, cancels, closes at once, destroys two minutes later', {
  timeout: 60_000,
}, async () => {
  expect(await florin('migrate', 'up')).toMatchObject({ code: 0 })
  const customer = await stripe.customers.create({ name: 'Alice Liddell', metadata: { florin_user: 'user_1' } })
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  await stripe.paymentIntents.create({
    ...{ amount: 2000, currency: 'usd', customer: customer.id, payment_method: card.id, confirm: true },
    ...{ return_url: 'https://shop.example/back', description: 'A book for Alice Liddell' },
  })
  const item = { items: [{ price: 'price_1234567890' }], default_payment_method: card.id }
  const subscription = await stripe.subscriptions.create({ customer: customer.id, ...item })
  expect(await florin('reconcile')).toMatchObject({ code: 0 })
  const sums = async () => (await sql('select gateway_id, amount, status from transactions order by id')).rows
  const before = await sums()
  expect(before).toHaveLength(2)
  const bodies = 'select count(*)::int as bodies from webhook_events where payload is not null'
  expect((await sql(bodies)).rows[0].bodies).toBeGreaterThan(5)

  const refused = await florin('users', 'erase', 'user_1')
  expect(refused).toMatchObject({ code: 1, printed: [] })
  expect(refused.complained.join()).toContain('1 running subscriptions')
  expect(refused.complained.join()).toContain('--cancel-subscriptions')
  expect(await florin('users', 'erase', 'nobody')).toMatchObject({ code: 1 })
  expect(await florin('users', 'erase')).toMatchObject({ code: 2 })

  const begun = await florin('users', 'erase', 'user_1', '--cancel-subscriptions', '--no-wait')
  expect(begun).toMatchObject({
    code: 0,
    printed: [expect.stringMatching(/^user_1 {2}erasing since .*; the servers go on at/)],
  })
  expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('canceled')
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true })

  // Two minutes pass.
  await sql("update data_keys set closed_at = closed_at - interval '2 minutes' where closed_at is not null")
  const done = await florin('users', 'erase', 'user_1')
  expect(done).toMatchObject({ code: 0, printed: [expect.stringMatching(/^user_1 {2}erased \d{4}-/)], complained: [] })
  expect(await florin('users', 'erase', 'user_1')).toEqual(done)

  expect(await sums()).toEqual(before)
  expect((await sql(bodies)).rows[0].bodies).toBe(0)
  const verified = await florin('keys', 'verify', '--full')
  expect(verified).toMatchObject({ code: 0, printed: [] })
  expect(verified.complained.join()).toMatch(/1 destroyed.*Values: \d+ opened, [1-9]\d* of erased users, 0 broken/)
  // No webhook came here.
  expect(await florin('reconcile')).toMatchObject({ code: 0 })
  expect(await florin('doctor', '--drift', '--full')).toMatchObject({ code: 0, printed: [] })
})
