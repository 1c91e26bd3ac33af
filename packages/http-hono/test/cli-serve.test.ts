import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from 'node:tls'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { ownRedis } from '../../../test/services/own-redis.ts'
import { freePort } from '../../../test/services/port.ts'
import { startProxy } from '../../../test/services/proxy.ts'
import { envExample } from '../src/cli/env-example.ts'
import { startFlorin, temporaryFolder } from './cli-process.ts'

const slow = { timeout: 120_000 }

const secrets = {
  STRIPE_SECRET_KEY: 'sk_test_serve',
  STRIPE_WEBHOOK_SECRET: 'whsec_serve',
  JWT_SECRET: 'a secret of more than thirty-two characters',
  ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
}

const databaseUrl = new URL(inject('databaseUrl'))
databaseUrl.pathname = `/florin_${randomBytes(6).toString('hex')}`

const fixture = (name: string) => join(import.meta.dirname, '__fixtures__', name)

async function asAdmin(statement: string, connectionString = inject('databaseUrl')): Promise<void> {
  const admin = new Client({ connectionString })
  await admin.connect()
  await admin.query(statement).finally(() => admin.end())
}

/** Runs a command to its end. */
async function finish(args: readonly string[], environment: Record<string, string>) {
  const florin = startFlorin(args, { folder: temporaryFolder(), environment })
  return { code: await florin.ended(), output: florin.output() }
}

interface ServeOptions {
  readonly redisUrl?: string
  readonly environment?: Record<string, string>
  /** What stands in `.env`, in place of the secrets in the environment. */
  readonly dotenv?: string
}

/** Starts Stripe's sandbox and a server that uses it, each in a process of its own. */
async function startServer({ redisUrl = ownRedis(), environment = {}, dotenv }: ServeOptions = {}) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const folder = temporaryFolder()
  const forward = ['--forward-to', `${url}/api/v1/webhooks/stripe`]
  const sandbox = startFlorin(['sandbox', '--port', '0', ...forward], {
    folder,
    environment: secrets,
  })
  const stripeUrl = (await sandbox.says(/STRIPE_API_BASE=(\S+)/))[1] ?? ''
  const settings = {
    ...secrets,
    ...{ DATABASE_URL: databaseUrl.href, REDIS_URL: redisUrl, STRIPE_API_BASE: stripeUrl },
    ...{ SERVER_PORT: `${port}`, SERVER_HOST: '127.0.0.1', SHUTDOWN_DELAY: '0', ...environment },
  }
  // Each sandbox is an account of its own, and all of them use one database.
  await asAdmin("delete from bookmarks where id = 'gateway.account'", settings.DATABASE_URL || databaseUrl.href)
  if (dotenv !== undefined) writeFileSync(join(folder, '.env'), dotenv)
  const inDotenv = dotenv === undefined ? [] : Object.keys(secrets)
  const blank = Object.fromEntries(inDotenv.map((name) => [name, '']))
  const server = startFlorin(['serve'], { folder, environment: { ...settings, ...blank } })
  await server.says(/"message":"listening"/)
  const token = await finish(['token', '--sub', 'shop', '--role', 'service'], settings)
  const post = async (path: string, body: object) => {
    const headers = {
      Authorization: `Bearer ${token.output.trim()}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': randomBytes(8).toString('hex'),
    }
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: response.status, body: z.looseObject({}).parse(await response.json()) }
  }
  // Each sandbox knows its own customers only, so each has a user of its own.
  const user = `user_${randomBytes(4).toString('hex')}`
  const payment = { user_id: user, amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }
  const metric = async (pattern: RegExp) => (await (await fetch(`${url}/metrics`)).text()).match(pattern)?.[1]
  return { server, port, url, stripeUrl, post, payment, metric, settings }
}

beforeAll(async () => {
  await asAdmin(`create database ${databaseUrl.pathname.slice(1)} template template0`)
})
afterAll(async () => {
  await asAdmin(`drop database ${databaseUrl.pathname.slice(1)} with (force)`)
})

describe('florin migrate and florin serve', () => {
  const settings = { ...secrets, DATABASE_URL: databaseUrl.href, REDIS_URL: ownRedis(), SERVER_PORT: '0' }

  test('serve names florin migrate up while tables are missing', slow, async () => {
    const { code, output } = await finish(['serve'], settings)
    expect(code).toBe(1)
    expect(output).toMatch(/florin serve: the database lacks \d+ migrations \(0001\S*, .*\): run florin migrate up/)
  })

  test('migrate up makes them, once; status tells; down takes the newest back', slow, async () => {
    const url = { DATABASE_URL: databaseUrl.href }
    expect(await finish(['migrate', 'check'], url)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^to come/),
    })
    const applied = await finish(['migrate', 'up'], url)
    expect(applied).toMatchObject({ code: 0, output: expect.stringMatching(/^applied {2}0001/) })
    expect(await finish(['migrate', 'up'], url)).toStrictEqual({ code: 0, output: 'The tables are up to date.\n' })
    const count = applied.output.trim().split('\n').length
    const status = async () => (await finish(['migrate', 'status'], url)).output.trim().split('\n')
    expect((await status()).filter((line) => /^applied \d{4}-\S+Z {2}\d{4}/.test(line))).toHaveLength(count)
    expect(await finish(['migrate', 'down'], url)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^taken back/),
    })
    expect((await status()).at(-1)).toMatch(/^to come {2}/)
    expect((await finish(['migrate', 'up'], url)).code).toBe(0)
    expect((await finish(['migrate', 'check'], url)).code).toBe(0)
  })

  test('takes a payment from the request to the processed webhook, and stops in order', slow, async () => {
    const { server, url, post, payment, metric } = await startServer()
    expect(await (await fetch(`${url}/health`)).json()).toStrictEqual({ status: 'healthy' })
    expect(await post('/api/v1/payments', payment)).toMatchObject({ status: 201, body: { status: 'succeeded' } })
    const processed = /webhook_events_total\{type="payment_intent.succeeded",outcome="processed"\} (\d+)/
    await expect.poll(() => metric(processed), { timeout: 20_000 }).toBe('1')
    expect(await metric(/postgres_pool_connections\{state="open"\} (\d+)/)).toMatch(/[1-9]/)
    expect(await server.stop()).toBe(0)
    expect(server.output()).toMatch(/"signal":"SIGTERM","message":"stopping"[\s\S]*"message":"stopped"/)
    for (const secret of Object.values(secrets)) expect(server.output()).not.toContain(secret)
  })

  test("posts Florin's own events, signed, to the URL that is configured", slow, async () => {
    const secret = `whsec_${randomBytes(32).toString('base64')}`
    const posted: { body: string; headers: IncomingHttpHeaders }[] = []
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = []
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          posted.push({ body: Buffer.concat(chunks).toString(), headers: request.headers })
          response.end()
        })
    })
    onTestFinished(() => void receiver.close())
    const port = await new Promise<number>((resolve) => {
      receiver.listen(0, '127.0.0.1', () => resolve(z.object({ port: z.number() }).parse(receiver.address()).port))
    })
    const EVENT_WEBHOOK_URLS = `http://127.0.0.1:${port}/events`
    const { post, payment } = await startServer({ environment: { EVENT_WEBHOOK_URLS, EVENT_WEBHOOK_SECRET: secret } })
    const { body } = await post('/api/v1/payments', payment)
    const ours = () => posted.find((event) => event.body.includes(String(body.id)))
    await expect.poll(ours, { timeout: 20_000 }).toBeDefined()
    const event = ours()
    expect(JSON.parse(event?.body ?? '')).toMatchObject({ type: 'payment.succeeded', data: { id: body.id } })
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = event?.headers ?? {}
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
    expect(signature).toBe(`v1,${createHmac('sha256', key).update(`${id}.${at}.${event?.body}`).digest('base64')}`)
  })

  test('takes connections as single variables, and wants an idempotency key for payments', slow, async () => {
    const redis = new URL(inject('redisUrl'))
    const environment = {
      ...{ DATABASE_URL: '', DB_HOST: databaseUrl.hostname, DB_PORT: databaseUrl.port, DB_USER: databaseUrl.username },
      ...{ DB_PASSWORD: databaseUrl.password, DB_NAME: databaseUrl.pathname.slice(1) },
      ...{ REDIS_URL: '', REDIS_HOST: redis.hostname, REDIS_PORT: redis.port, REDIS_PASSWORD: redis.password },
    }
    const { url, payment, settings: used } = await startServer({ environment })
    expect(await (await fetch(`${url}/health`)).json()).toStrictEqual({ status: 'healthy' })
    const { output: token } = await finish(['token', '--sub', 'shop', '--role', 'service'], used)
    const headers = { Authorization: `Bearer ${token.trim()}`, 'Content-Type': 'application/json' }
    const response = await fetch(`${url}/api/v1/payments`, { method: 'POST', headers, body: JSON.stringify(payment) })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'idempotency_key_missing' })
  })

  test('takes a first payment and subscription without a key where .env is a copy of .env.example', slow, async () => {
    const dotenv = Object.entries(secrets).reduce(
      (text, [name, value]) => text.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${value}`),
      envExample(),
    )
    const { url, payment, settings: used } = await startServer({ dotenv })
    const { output: token } = await finish(['token', '--sub', 'shop', '--role', 'service'], used)
    const headers = { Authorization: `Bearer ${token.trim()}`, 'Content-Type': 'application/json' }
    const response = await fetch(`${url}/api/v1/payments`, { method: 'POST', headers, body: JSON.stringify(payment) })
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ status: 'succeeded' })
    const { user_id, payment_method } = payment
    const plan = JSON.stringify({ user_id, payment_method, price_id: 'price_1234567890', trial_days: 14 })
    const subscribed = await fetch(`${url}/api/v1/subscriptions`, { method: 'POST', headers, body: plan })
    expect(subscribed.status).toBe(201)
  })

  test('finishes the request that it is working on when it is told to stop, and takes no new one', slow, async () => {
    const { server, url, post, payment, stripeUrl } = await startServer()
    const fault = JSON.stringify({ kind: 'stall', method: 'POST', path: '/v1/payment_intents', delay_ms: 1500 })
    await fetch(`${stripeUrl}/_sandbox/faults`, { method: 'POST', body: fault })
    const paying = post('/api/v1/payments', payment)
    const waiting = async () => (await (await fetch(`${stripeUrl}/_sandbox/faults`)).text()).includes('payment_intents')
    await expect.poll(waiting, { timeout: 10_000 }).toBe(false)
    const stopped = server.stop()
    await server.says(/"message":"stopping"/)
    // It says so a moment before it is so.
    const isTaken = () =>
      fetch(`${url}/health`).then(
        () => true,
        () => false,
      )
    await expect.poll(isTaken, { timeout: 10_000 }).toBe(false)
    expect(await paying).toMatchObject({ status: 201, body: { status: 'succeeded' } })
    expect(await stopped).toBe(0)
  })

  test('goes on without Redis, as degraded, and says when it is back', slow, async () => {
    const proxy = await startProxy(inject('redisUrl'))
    onTestFinished(() => proxy.close())
    const { server, url, post, payment } = await startServer({ redisUrl: proxy.url })
    await post('/api/v1/payments', payment)
    await proxy.kill()
    const health = async () => {
      const response = await fetch(`${url}/health`)
      return { status: response.status, body: await response.json() }
    }
    await expect
      .poll(health, { timeout: 10_000 })
      .toMatchObject({ status: 200, body: { status: 'degraded', checks: { postgres: 'healthy', redis: 'unhealthy' } } })
    expect((await post('/api/v1/payments', payment)).status).toBe(201)
    await server.says(/Redis is lost: this process counts requests alone/)
    await proxy.revive()
    await expect.poll(health, { timeout: 20_000 }).toStrictEqual({ status: 200, body: { status: 'healthy' } })
    await expect
      .poll(async () => (await post('/api/v1/payments', payment)).status && server.output(), { timeout: 20_000 })
      .toContain('Redis is back')
    expect(await server.stop()).toBe(0)
  })

  test('starts without Redis, and says so', slow, async () => {
    const { server, url } = await startServer({ redisUrl: `redis://127.0.0.1:${await freePort()}` })
    expect(server.output()).toContain('Redis does not answer: going on without it')
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'degraded' })
  })

  test('refuses the keys of another account and of the other mode, and starts while Stripe is away', slow, async () => {
    const { settings: used } = await startServer()
    const refused =
      /florin serve: the database belongs to Stripe's account acct_\w+ in test mode, and STRIPE_SECRET_KEY/
    const live = await finish(['serve'], { ...used, STRIPE_SECRET_KEY: 'sk_live_serve', SERVER_PORT: '0' })
    expect(live).toMatchObject({ code: 78, output: expect.stringMatching(refused) })
    expect(live.output).toContain('is of live mode: set the key of that account')
    const command = await finish(['reconcile'], { ...used, STRIPE_SECRET_KEY: 'sk_live_serve' })
    expect(command).toMatchObject({
      code: 78,
      output: expect.stringContaining('florin reconcile: the database belongs'),
    })
    const folder = temporaryFolder()
    const other = startFlorin(['sandbox', '--port', '0', '--seed', 'another'], { folder, environment: secrets })
    const STRIPE_API_BASE = (await other.says(/STRIPE_API_BASE=(\S+)/))[1] ?? ''
    const foreign = await finish(['serve'], { ...used, STRIPE_API_BASE, SERVER_PORT: '0' })
    expect(foreign).toMatchObject({ code: 78, output: expect.stringMatching(refused) })
    const away = { ...used, STRIPE_API_BASE: `http://127.0.0.1:${await freePort()}`, SERVER_PORT: '0' }
    const server = startFlorin(['serve'], { folder, environment: away })
    await server.says(/it is not known yet whether the secret key belongs to this database/)
    await server.says(/"message":"listening"/)
  })

  test('says where PostgreSQL does not answer, and never shows the password', slow, async () => {
    const port = await freePort()
    const url = `postgres://someone:hidden@127.0.0.1:${port}/payment_db`
    const { code, output } = await finish(['serve'], { ...settings, DATABASE_URL: url })
    expect(code).toBe(1)
    expect(output).toContain(`PostgreSQL at 127.0.0.1:${port}/payment_db does not answer: connect ECONNREFUSED`)
    expect(output).not.toContain('hidden')
  })

  test('names --port when the port is taken', slow, async () => {
    const { port, settings: used } = await startServer()
    const { code, output } = await finish(['serve', '--port', `${port}`], used)
    expect(code).toBe(1)
    expect(output).toContain(`florin serve: port ${port} is taken: choose another one with --port or SERVER_PORT`)
  })

  test('speaks TLS 1.3, and nothing older, where it has a certificate', slow, async () => {
    const [TLS_CERT_FILE, TLS_KEY_FILE] = [fixture('localhost.crt'), fixture('localhost.key')]
    const { port } = await startServer({ environment: { TLS_CERT_FILE, TLS_KEY_FILE } })
    const speak = (options: ConnectionOptions) =>
      new Promise<string | null>((resolve, reject) => {
        const ca = readFileSync(TLS_CERT_FILE)
        const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options }, () => {
          resolve(socket.getProtocol())
          socket.destroy()
        })
        socket.once('error', reject)
      })
    expect(await speak({})).toBe('TLSv1.3')
    await expect(speak({ maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/)
  })

  test('warns of secrets that everybody knows outside of production', slow, async () => {
    const { server } = await startServer({ environment: { JWT_SECRET: 'your_jwt_secret' } })
    expect(server.output()).toMatch(/"level":"WARN".*"setting":"JWT_SECRET".*the example from .env.example/)
  })

  test('lets only the addresses of IP_ALLOWLIST in, but webhooks and probes always', slow, async () => {
    const environment = { IP_ALLOWLIST: '203.0.113.0/24, 2001:db8::/32', TRUST_PROXY: '1' }
    const { url } = await startServer({ environment })
    const from = async (address: string, path: string, method = 'GET') =>
      (await fetch(`${url}${path}`, { method, headers: { 'X-Forwarded-For': address } })).status
    expect(await from('203.0.113.9', '/api/v1/payments/tx_x')).toBe(401)
    expect(await from('2001:db8::1', '/api/v1/payments/tx_x')).toBe(401)
    expect(await from('::ffff:203.0.113.9', '/api/v1/payments/tx_x')).toBe(401)
    expect(await from('::ffff:cb00:7109', '/api/v1/payments/tx_x')).toBe(401)
    expect(await from('198.51.100.1', '/api/v1/payments/tx_x')).toBe(403)
    expect(await from('::ffff:198.51.100.1', '/api/v1/payments/tx_x')).toBe(403)
    expect(await from('2001:db9::1', '/api/v1/payments/tx_x')).toBe(403)
    expect(await from('203.0.113.9, 198.51.100.1', '/api/v1/payments/tx_x')).toBe(403)
    expect(await from('nonsense', '/docs')).toBe(403)
    expect(await from('198.51.100.1', '/metrics')).toBe(403)
    expect(await from('198.51.100.1', '/health')).toBe(200)
    expect(await from('198.51.100.1', '/health/live')).toBe(200)
    expect(await from('198.51.100.1', '/api/v1/webhooks/stripe', 'POST')).toBe(400)
  })
})
