import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { ownRedis } from '../../../test/services/own-redis.ts'
import { freePort } from '../../../test/services/port.ts'
import { startFlorin, temporaryFolder } from './cli-process.ts'

const databaseUrl = new URL(inject('databaseUrl'))
databaseUrl.pathname = `/florin_${randomBytes(6).toString('hex')}`

async function sql(statement: string, url = databaseUrl.href) {
  const client = new Client({ connectionString: url })
  await client.connect()
  return client.query(statement).finally(() => client.end())
}
beforeAll(() => sql(`create database ${databaseUrl.pathname.slice(1)} template template0`, inject('databaseUrl')))
afterAll(() => sql(`drop database ${databaseUrl.pathname.slice(1)} with (force)`, inject('databaseUrl')))

const planted = {
  email: 'alice@wonderland.example',
  name: 'Alice Liddell',
  address: '1 Wonderland Lane',
  card: '4242424242424242',
}
const secrets = {
  STRIPE_SECRET_KEY: 'sk_test_plantedapikey',
  STRIPE_WEBHOOK_SECRET: 'whsec_plantedwebhooksecret',
  JWT_SECRET: 'a planted secret of more than thirty-two characters',
  ENCRYPTION_KEY: 'plantedplantedplantedplantedkey!',
}

/** Every row of every table, bytes in hex. */
async function dump(): Promise<string> {
  const { rows } = await sql("select tablename from pg_tables where schemaname = 'public'")
  const texts = []
  for (const { tablename } of rows) {
    const found = await sql(`select t::text as line from ${tablename} as t`)
    texts.push(...found.rows.map(({ line }) => String(line)))
  }
  return texts.join('\n')
}

test('a dump, all logs and the metrics of an end-to-end run hold nothing private', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder()
  const url = `http://127.0.0.1:${await freePort()}`
  const forward = ['--forward-to', `${url}/api/v1/webhooks/stripe`]
  const sandbox = startFlorin(['sandbox', '--port', '0', ...forward], { folder, environment: secrets })
  const stripeUrl = (await sandbox.says(/STRIPE_API_BASE=(\S+)/))[1] ?? ''
  const environment = {
    ...{ ...secrets, DATABASE_URL: databaseUrl.href, REDIS_URL: ownRedis(), STRIPE_API_BASE: stripeUrl },
    ...{ SERVER_PORT: new URL(url).port, SERVER_HOST: '127.0.0.1', SHUTDOWN_DELAY: '0', LOG_LEVEL: 'debug' },
  }
  const migrated = startFlorin(['migrate', 'up'], { folder, environment })
  expect(await migrated.ended()).toBe(0)
  const server = startFlorin(['serve'], { folder, environment })
  await server.says(/"message":"listening"/)
  const signed = startFlorin(['token', '--sub', 'shop', '--role', 'service'], { folder, environment })
  await signed.ended()
  const token = signed.output().trim()

  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        ...{ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...{ 'Idempotency-Key': randomBytes(8).toString('hex'), ...headers },
      },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: z.looseObject({}).parse(await response.json()) }
  }
  const stripe = (path: string, body: Record<string, string>) =>
    fetch(`${stripeUrl}/v1/${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${secrets.STRIPE_SECRET_KEY}` },
      body: new URLSearchParams(body),
    })
  const order = {
    ...{ user_id: 'user_1', amount: 1000, currency: 'USD', description: `for ${planted.name}` },
    metadata: { email: planted.email, address: planted.address },
  }
  const paid = await post('/api/v1/payments', { ...order, payment_method: 'pm_card_visa' })
  expect(paid.status).toBe(201)
  expect((await post('/api/v1/payments', { ...order, payment_method: 'pm_card_chargeDeclined' })).status).toBe(402)
  const open = await post('/api/v1/payments', order)
  const clientSecret = String(open.body.client_secret)
  expect(clientSecret).toMatch(/^pi_\w+_secret_/)
  expect((await post('/api/v1/payment-methods/setup', { user_id: 'user_1' })).status).toBe(201)
  expect((await post('/api/v1/refunds', { transaction_id: paid.body.id, amount: 100 })).status).toBe(201)
  const plan = {
    user_id: 'user_1',
    price_id: 'price_1234567890',
    payment_method: 'pm_card_visa',
    metadata: order.metadata,
  }
  expect((await post('/api/v1/subscriptions', plan)).status).toBe(201)
  // A card number is refused in every free text, and whatever else a caller may write.
  const refused = [
    post('/api/v1/payments', { ...order, description: `card ${planted.card}` }),
    post('/api/v1/payments', { ...order, reference: '4242 4242 4242 4242' }),
    post('/api/v1/payments', { ...order, metadata: { note: planted.card } }),
    post('/api/v1/payments', { ...order, metadata: { [planted.card]: 'note' } }),
    post('/api/v1/payments', { ...order, return_url: `https://shop.example/${planted.card}` }),
    post('/api/v1/payments', order, { 'Idempotency-Key': planted.card }),
  ]
  for (const answer of await Promise.all(refused)) {
    expect(answer).toMatchObject({ status: 400, body: { code: 'card_number_refused' } })
    expect(JSON.stringify(answer.body).includes(planted.card)).toBe(false)
  }
  await post('/api/v1/payments', { ...order, payment_method: 'pm_card_visa' }, { 'X-Request-Id': planted.card })
  // What Stripe tells of her by itself.
  const { rows } = await sql('select id from customers')
  await stripe(`customers/${rows[0].id}`, {
    name: planted.name,
    email: planted.email,
    'address[line1]': planted.address,
  })
  await fetch(`${url}/api/v1/payments/${planted.card}`, { headers: { Authorization: `Bearer ${token}` } })
  await fetch(`${url}/api/v1/payments/${planted.email}`, { headers: { Authorization: `Bearer ${token}` } })
  await fetch(`${url}/api/v1/payments`, { headers: { Authorization: 'Bearer eyplanted.eyplanted.planted' } })
  await expect
    .poll(
      async () =>
        (await sql("select count(*)::int as n from webhook_events where type = 'customer.updated'")).rows[0].n,
      { timeout: 30_000 },
    )
    .toBeGreaterThan(0)
  const metrics = await (await fetch(`${url}/metrics`)).text()

  const database = await dump()
  const log = server.output()
  expect(database.length).toBeGreaterThan(20_000)
  expect(log.split('\n').length).toBeGreaterThan(15)
  const [, payload = ''] = token.split('.')
  const words = [
    ...Object.values(planted),
    ...Object.values(secrets),
    token,
    payload,
    clientSecret,
    'secret_',
    'Liddell',
    'Wonderland',
  ]
  const hex = (word: string) => Buffer.from(word).toString('hex')
  const base64 = (word: string) => Buffer.from(word).toString('base64').replace(/=+$/, '')
  for (const [where, text] of Object.entries({ database, log, metrics })) {
    for (const word of words) {
      for (const form of [word, hex(word), base64(word)]) {
        expect(text.includes(form), `${where} holds ${word}`).toBe(false)
      }
    }
  }
  console.log(
    `${words.length} words in 3 forms are in none of ${database.length} characters of dump, ${log.length} of log, ${metrics.length} of metrics`,
  )
})
