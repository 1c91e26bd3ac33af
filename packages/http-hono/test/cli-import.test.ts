import { createStripeSandbox, serveSandbox } from '@florin/stripe-sandbox'
import Stripe from 'stripe'
import { afterAll, expect, test } from 'vitest'
import { freshDatabase } from '../../adapter-postgres/test/fresh-database.ts'
import { runFlorin } from './run-command.ts'

const database = await freshDatabase()
const sandbox = createStripeSandbox({ now: Math.floor(Date.now() / 1000) })
const stripe = new Stripe('sk_test_import', {
  httpClient: Stripe.createFetchHttpClient((input, init) => sandbox.fetch(input, init)),
  maxNetworkRetries: 0,
})
const served = serveSandbox(sandbox, { port: 0 })

afterAll(async () => {
  await (await served).close()
  sandbox.close()
  await database.close()
})

const florinImport = async () =>
  runFlorin(['import'], {
    DATABASE_URL: database.url,
    STRIPE_API_BASE: (await served).url,
    STRIPE_RATE_LIMIT_PER_SECOND: '0',
    STRIPE_SECRET_KEY: 'sk_test_import',
    ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
    LOG_LEVEL: 'error',
  })

test('import says how many customers are nobody’s, and counts what a later import links to its user', async () => {
  const customers = [
    await stripe.customers.create({ metadata: { florin_user: 'user_1' } }),
    await stripe.customers.create({}),
    await stripe.customers.create({}),
  ]
  const [, second, third] = customers.map(({ id }) => id)
  const gone = await stripe.customers.create({})
  for (const customer of [second, third]) {
    await stripe.paymentIntents.create({
      ...{ amount: 2000, currency: 'usd', customer: customer ?? '', payment_method: 'pm_card_visa', confirm: true },
      return_url: 'https://shop.example/back',
    })
  }
  const first = await florinImport()
  expect(first.code).toBe(0)
  expect(first.printed).toContain('customers        4 new of 4')
  expect(first.complained).toEqual([
    '3 customers belong to no user: set metadata.florin_user on them at Stripe and import again (docs/migrating.md).',
  ])

  // Nobody can say any more whose it was.
  await stripe.customers.del(gone.id)
  await stripe.customers.update(second ?? '', { metadata: { florin_user: 'user_2' } })
  const again = await florinImport()
  expect(again.printed).toContain('customers        0 new of 3, 1 linked to a user')
  expect(again.printed).toContain('payments         0 new of 2, 1 linked to a user')
  expect(again.complained).toEqual([expect.stringMatching(/^2 customers belong to no user: /)])

  await stripe.customers.update(third ?? '', { metadata: { florin_user: 'user_3' } })
  await database.pool().query('update customers set deleted = true where id = $1', [gone.id])
  expect((await florinImport()).complained).toEqual([])
}, 60_000)
