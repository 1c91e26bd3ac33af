import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { jwtAuthenticator } from '../src/auth.ts'
import { type Curl, curlsIn, type Running, sendCurl, startFlorin, temporaryFolder } from './cli-process.ts'

const slow = { timeout: 120_000 }
const anyPorts = ['--port', '0', '--sandbox-port', '0']
const paymentShape = z.looseObject({ id: z.string(), status: z.string() })

/** Starts `florin dev`, and reads what it says when it is ready. */
async function startDev(args: readonly string[], options: Parameters<typeof startFlorin>[1]) {
  const florin = startFlorin(['dev', ...anyPorts, ...args], options)
  await florin.says(/Six months later/)
  const [payment, refund, subscription] = curlsIn(florin.output())
  if (!payment || !refund || !subscription) throw new Error(`three curls are missing:\n${florin.output()}`)
  const url = new URL(payment.url).origin
  return { florin, url, payment, refund, subscription, stripeUrl: (await florin.says(/Stripe {2}(\S+)/))[1] ?? '' }
}

const tokenOf = (florin: Running, role: string): string =>
  florin.output().match(new RegExp(`^ {2}${role} +\\S+ +(\\S+)$`, 'm'))?.[1] ?? ''

const textAt = async (url: string) => (await fetch(url)).text()

async function pay(curl: Curl) {
  const { status, body } = await sendCurl(curl)
  expect(status).toBe(201)
  return paymentShape.parse(body)
}

const webhooksOf = (url: string, type: string) => async () =>
  (await textAt(`${url}/metrics`)).match(
    new RegExp(`webhook_events_total\\{type="${type}",outcome="processed"\\} (\\d+)`),
  )?.[1]

function freePortTaken(): Promise<number> {
  const server = createServer()
  onTestFinished(() => void server.close())
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

describe('florin dev', () => {
  test('is healthy, and what it says to try works', slow, async () => {
    const folder = temporaryFolder()
    const { florin, url, payment, refund, subscription, stripeUrl } = await startDev(['--memory'], { folder })
    expect(await (await fetch(`${url}/health`)).json()).toStrictEqual({ status: 'healthy' })
    expect((await fetch(`${url}/docs`)).status).toBe(200)

    const paid = await pay(payment)
    expect(paid.status).toBe('succeeded')
    await expect.poll(webhooksOf(url, 'payment_intent.succeeded'), { timeout: 20_000 }).toBe('1')

    const authorized = { Authorization: `Bearer ${tokenOf(florin, 'service')}` }
    const refunding = { ...refund, headers: { ...refund.headers, ...authorized } }
    const refunded = await sendCurl({ ...refunding, body: refund.body.replace('tx_…', paid.id) })
    expect(refunded).toMatchObject({ status: 201, body: { status: 'succeeded', amount: 500 } })
    const subscribing = { ...subscription, headers: { ...subscription.headers, ...authorized } }
    expect(await sendCurl(subscribing)).toMatchObject({ status: 201, body: { status: 'trialing' } })

    await fetch(`${stripeUrl}/_sandbox/clock`, { method: 'POST', body: '{"advance":2592000}' })
    await expect.poll(webhooksOf(url, 'invoice.paid'), { timeout: 20_000 }).toMatch(/[1-9]/)

    expect(await florin.stop('SIGINT')).toBe(0)
    expect(existsSync(join(folder, '.florin'))).toBe(false)
  })

  test('limits no requests where nobody asked for a limit', slow, async () => {
    const { florin, url } = await startDev(['--memory'], { folder: temporaryFolder() })
    const headers = { Authorization: `Bearer ${tokenOf(florin, 'admin')}` }
    const answers = await Promise.all(
      Array.from({ length: 110 }, () => fetch(`${url}/api/v1/webhook-events`, { headers })),
    )
    expect(new Set(answers.map(({ status }) => status))).toStrictEqual(new Set([200]))
  })

  test('gives a token for each role, valid for 30 days', slow, async () => {
    const { florin } = await startDev(['--memory'], { folder: temporaryFolder() })
    const check = (role: string, days: number) => {
      const authenticate = jwtAuthenticator({
        secret: 'florin-sandbox-jwt-secret-not-for-production',
        clock: { now: () => Date.now() + days * 86_400_000 },
      })
      return authenticate(new Request('http://x', { headers: { Authorization: `Bearer ${tokenOf(florin, role)}` } }))
    }
    expect(await check('user', 29)).toStrictEqual({ id: 'user_123', roles: ['user'] })
    expect(await check('support', 29)).toMatchObject({ roles: ['support'] })
    expect(await check('service', 29)).toMatchObject({ roles: ['service'] })
    expect(await check('admin', 29)).toMatchObject({ roles: ['admin'] })
    await expect(check('admin', 31)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('goes on where it was, and starts over with --fresh', slow, async () => {
    const folder = temporaryFolder()
    const first = await startDev([], { folder })
    const paid = await pay(first.payment)
    expect(await first.florin.stop()).toBe(0)
    expect(readFileSync(join(folder, '.florin/.gitignore'), 'utf8')).toBe('*\n')
    expect(existsSync(join(folder, '.florin/lock'))).toBe(false)

    const second = await startDev([], { folder })
    const headers = { Authorization: `Bearer ${tokenOf(second.florin, 'service')}` }
    const found = await fetch(`${second.url}/api/v1/payments/${paid.id}`, { headers })
    expect(await found.json()).toMatchObject({ id: paid.id, status: 'succeeded' })
    // Stripe's side is there as well, and does not give new objects the ids of old ones.
    const refunding = { ...second.refund, headers: { ...second.refund.headers, ...headers } }
    const refunded = await sendCurl({ ...refunding, body: second.refund.body.replace('tx_…', paid.id) })
    expect(refunded).toMatchObject({ status: 201, body: { status: 'succeeded' } })
    expect((await pay(second.payment)).id).not.toBe(paid.id)
    // Killed, so that nothing is cleaned up: the next start must cope.
    await second.florin.stop('SIGKILL')

    const third = await startDev(['--fresh'], { folder })
    const gone = await fetch(`${third.url}/api/v1/payments/${paid.id}`, { headers })
    expect(gone.status).toBe(404)
    expect((await pay(third.payment)).status).toBe('succeeded')
  })

  test('works after it was killed, without mixing old and new objects of Stripe', slow, async () => {
    const folder = temporaryFolder()
    const first = await startDev([], { folder })
    const paid = await pay(first.payment)
    await first.florin.stop('SIGKILL')
    // As if it had been killed before the last save.
    writeFileSync(join(folder, '.florin/sandbox.json.new'), '{"half of a')
    const second = await startDev([], { folder })
    const again = await pay(second.payment)
    expect(again.status).toBe('succeeded')
    expect(again.stripe_payment_intent_id).not.toBe(paid.stripe_payment_intent_id)
  })

  test('keeps a second one out of its folder', slow, async () => {
    const folder = temporaryFolder()
    await startDev([], { folder })
    const other = startFlorin(['dev', ...anyPorts], { folder })
    expect(await other.ended()).toBe(1)
    expect(other.output()).toMatch(/\.florin is in use by process \d+: stop it, or keep nothing with --memory/)
  })

  test('honours the environment', slow, async () => {
    const environment = {
      ...{ JWT_SECRET: 'my own secret', RATE_LIMIT_PER_MINUTE: '1', METRICS_TOKEN: 'metrics', LOG_LEVEL: 'warn' },
      ...{ USER_SETS_AMOUNT: 'true', REQUIRE_IDEMPOTENCY_KEY: 'true', IP_ALLOWLIST: '127.0.0.1,::1' },
      // What a sandbox must not touch.
      ...{ STRIPE_SECRET_KEY: 'sk_live_never', DATABASE_URL: 'postgres://127.0.0.1:1/x', ENCRYPTION_KEY: 'wrong' },
    }
    const { florin, url, payment } = await startDev(['--memory'], { folder: temporaryFolder(), environment })
    const { 'Idempotency-Key': _, ...headers } = payment.headers
    const user = { ...headers, Authorization: `Bearer ${tokenOf(florin, 'user')}` }
    expect(await sendCurl({ ...payment, headers: user })).toMatchObject({
      status: 400,
      body: { code: 'idempotency_key_missing' },
    })
    expect((await sendCurl(payment)).status).toBe(429)
    expect((await fetch(`${url}/metrics`)).status).toBe(401)
    expect(florin.output()).not.toContain('"level":"INFO"')
  })

  test.each([
    { flag: '--port', args: (port: number) => ['--port', `${port}`, '--sandbox-port', '0'] },
    { flag: '--sandbox-port', args: (port: number) => ['--port', '0', '--sandbox-port', `${port}`] },
  ])('names $flag when that port is taken', slow, async ({ flag, args }) => {
    const port = await freePortTaken()
    const florin = startFlorin(['dev', '--memory', ...args(port)], { folder: temporaryFolder() })
    expect(await florin.ended()).toBe(1)
    expect(florin.output()).toMatch(new RegExp(`florin dev: port ${port} is taken: choose another one with ${flag} or`))
  })
})
