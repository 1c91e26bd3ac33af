import { createStripeSandbox, serveSandbox } from '@florin/stripe-sandbox'
import Stripe from 'stripe'
import { afterAll, expect, test } from 'vitest'
import { freshDatabase } from '../../adapter-postgres/test/fresh-database.ts'
import { runCommandLine } from '../src/cli/command-line.ts'
import { createMetrics, metricsObserver } from '../src/metrics.ts'
import { temporaryFolder } from './cli-process.ts'
import { runFlorin } from './run-command.ts'

const database = await freshDatabase({ migrated: false })
const pool = database.pool()
const sql = (statement: string) => pool.query(statement)

const sandbox = createStripeSandbox({ now: Math.floor(Date.now() / 1000) })
const stripe = new Stripe('sk_test_drift', {
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
const florin = async (...args: string[]) =>
  runFlorin(args, {
    DATABASE_URL: database.url,
    STRIPE_API_BASE: (await served).url,
    STRIPE_RATE_LIMIT_PER_SECOND: '0',
    STRIPE_SECRET_KEY: 'sk_test_drift',
    ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
    LOG_LEVEL: 'error',
  })

test('import, reconcile and doctor --drift on PostgreSQL: what SQL altered and deleted is named, repaired, then none', async () => {
  expect(await florin('migrate', 'up')).toMatchObject({ code: 0 })
  const customer = await stripe.customers.create({ metadata: { florin_user: 'user_1' } })
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  const pay = () =>
    stripe.paymentIntents.create({
      ...{ amount: 2000, currency: 'usd', customer: customer.id, payment_method: card.id, confirm: true },
      return_url: 'https://shop.example/back',
    })
  const [first, second, third] = [await pay(), await pay(), await pay()]
  const refunds = [
    await stripe.refunds.create({ payment_intent: first.id, amount: 500 }),
    await stripe.refunds.create({ payment_intent: second.id, amount: 700 }),
  ]
  await stripe.subscriptions.create({
    ...{ customer: customer.id, items: [{ price: 'price_1234567890' }], default_payment_method: card.id },
  })

  const imported = await florin('import')
  expect(imported).toMatchObject({ code: 0, complained: [] })
  expect(imported.printed).toContain('payments         4 new of 4')
  expect(imported.redrawn.find((line) => line.includes('payments: 4 read'))).toBe(
    `[${'#'.repeat(12)}${'-'.repeat(16)}] 3/7  payments: 4 read, 4 new`,
  )
  expect(await florin('doctor', '--drift', '--full')).toMatchObject({ code: 0, printed: [] })

  const later = await pay()
  expect(await florin('reconcile')).toMatchObject({ code: 0, complained: [] })
  const { rows } = await sql(`select status, user_id from transactions where gateway_id = '${later.id}'`)
  expect(rows).toEqual([{ status: 'succeeded', user_id: 'user_1' }])
  expect((await florin('reconcile')).printed[0]).toMatch(/: 0 processed, 0 of no concern/)

  await sql(`
    update transactions set status = 'canceled', observed = '{"intent":{"rank":2,"stamp":9999999999}}'
      where gateway_id = '${first.id}';
    update transactions set amount_refunded = 0 where gateway_id = '${second.id}';
    update invoices set amount_paid = 1, status = 'void';
    update payment_methods set status = 'detached';
    delete from refunds where gateway_id = '${refunds[0]?.id}';
    delete from transactions where gateway_id = '${third.id}';
    update invoices set subscription_id = null;
    delete from subscriptions;
  `)
  const found = await florin('doctor', '--drift', '--full', '--repair')
  expect(found.code).toBe(1)
  expect(found.printed).toHaveLength(7)
  expect(found.printed.join('\n')).toMatch(/status: "canceled", is "succeeded"/)
  expect(found.printed.join('\n')).toMatch(/amount_refunded: 0, is 700/)
  expect(found.printed.filter((line) => line.endsWith('  missing'))).toHaveLength(3)
  expect(found.complained.at(-1)).toBe('7 repaired, 0 right by now, 0 left: not known at Stripe.')
  const { rows: audits } = await sql(`select count(*)::int as count from audit_log where action = 'drift.repair'`)
  expect(audits).toEqual([{ count: 7 }])
  expect(await florin('doctor', '--drift', '--full')).toMatchObject({ code: 0, printed: [] })
  expect(await florin('doctor', '--drift', '--changed')).toMatchObject({ code: 0, printed: [] })
}, 60_000)

test('a row that does not open is told of, and keeps no other from being repaired', async () => {
  const { rows } = await sql('select id, card from payment_methods where card is not null')
  await sql(`update payment_methods set card = 'in clear'; update refunds set status = 'failed'`)
  const found = await florin('doctor', '--drift', '--full', '--repair')
  expect(found).toMatchObject({ code: 1, printed: [expect.stringMatching(/status: "failed"/), expect.anything()] })
  expect(found.complained.join('\n')).toMatch(/2 repaired[\s\S]*not a sealed value/)
  for (const { id, card } of rows) await pool.query('update payment_methods set card = $1 where id = $2', [card, id])
  expect(await florin('doctor', '--drift', '--full')).toMatchObject({ code: 0, printed: [] })
}, 60_000)

test.each([
  { args: ['doctor', '--full'], says: 'florin doctor: what should it look at? give --drift' },
  { args: ['doctor', '--drift'], says: 'florin doctor: --drift needs one of --changed and --full' },
  { args: ['doctor', '--drift', '--full', '--emit'], says: 'florin doctor: --emit goes with --repair' },
])('$args: exits 2 and says what is wrong', async ({ args, says }) => {
  expect(await florin(...args)).toMatchObject({ code: 2, complained: [says] })
})

test.each([['reconcile'], ['import'], ['doctor', '--drift', '--full']])(
  '%s %s %s exits 75 in one line while Stripe is away, which is not the 1 of a difference',
  async (...args) => {
    const complained: string[] = []
    const code = await runCommandLine(args, {
      environment: {
        ...{
          DATABASE_URL: database.url,
          STRIPE_API_BASE: 'http://127.0.0.1:1',
          STRIPE_SECRET_KEY: 'sk_test_drift',
        },
        ...{ ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef', LOG_LEVEL: 'error' },
      },
      folder: temporaryFolder(),
      print: () => undefined,
      complain: (line) => complained.push(line),
    })
    expect({ code, complained }).toEqual({
      code: 75,
      complained: [expect.stringMatching(/^florin \w+: Stripe cannot be reached\. Run it again [^\n]*$/)],
    })
  },
)

test('an import that nobody watches tells of each kind as it is done', async () => {
  const complained: string[] = []
  const { url } = await served
  const code = await runCommandLine(['import'], {
    environment: {
      ...{ DATABASE_URL: database.url, STRIPE_API_BASE: url, STRIPE_SECRET_KEY: 'sk_test_drift' },
      ...{ ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef', LOG_LEVEL: 'error' },
    },
    folder: temporaryFolder(),
    print: () => undefined,
    complain: (line) => complained.push(line),
  })
  expect(code).toBe(0)
  expect(complained).toHaveLength(7)
  expect(complained.at(-1)).toMatch(/^\[#{28}\] 7\/7 {2}disputes: \d+ read, \d+ new$/)
})

test('differences are counted by table and kind', async () => {
  const metrics = createMetrics()
  const { tell } = metricsObserver(metrics)
  const place = { table: 'refunds', id: null, gatewayId: 're_1' }
  tell({ what: 'drift_found', difference: 'missing', ...place })
  expect(await metrics.text()).toContain('florin_drift_total{table="refunds",difference="missing"} 1')
})
