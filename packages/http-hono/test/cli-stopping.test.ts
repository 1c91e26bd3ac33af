import { randomBytes } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { openServedWorld, type ServedWorld, statusOf } from './served-florin.ts'

const slow = { timeout: 120_000 }

const pay = (url: string, { token }: ServedWorld) =>
  fetch(`${url}/api/v1/payments`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Idempotency-Key': 'order-1' },
    body: JSON.stringify({ user_id: 'user_1', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }),
  })

test('SIGTERM first says that it is not ready, and goes on for SHUTDOWN_DELAY', slow, async () => {
  const world = await openServedWorld()
  const server = await world.serve({ environment: { SHUTDOWN_DELAY: '4s' } })
  expect((await fetch(`${server.url}/health/ready`)).headers.get('connection')).toBe('keep-alive')
  const stopped = server.stop()
  await expect.poll(() => statusOf(`${server.url}/health/ready`), { interval: 10 }).toBe(503)
  const payment = await pay(server.url, world)
  expect(payment.status).toBe(201)
  expect(payment.headers.get('connection')).toBe('close')
  expect(await statusOf(`${server.url}/health`)).toBe(200)
  expect(await stopped).toBe(0)
  expect(await statusOf(`${server.url}/health/live`)).toBeUndefined()
})

test('a second signal ends it at once, whatever it is doing', slow, async () => {
  const world = await openServedWorld()
  const server = await world.serve({ environment: { LOG_LEVEL: 'info' } })
  world.sandbox.faults.inject({ kind: 'stall_before', path: '/v1/payment_intents', delay_ms: 15_000 })
  const cut = pay(server.url, world).then(
    ({ status }) => status,
    () => 'cut',
  )
  await expect.poll(() => world.sandbox.faults.list(), { timeout: 10_000 }).toStrictEqual([])
  const stopped = server.stop()
  await server.says(/"message":"stopping"/)
  void server.stop()
  expect(await stopped).toBe(1)
  expect(await cut).toBe('cut')
})

test('it finishes the event that it is posting before it ends', slow, async () => {
  const waiting: ServerResponse[] = []
  const receiver = createServer((_, response) => void waiting.push(response))
  onTestFinished(() => void receiver.close())
  const port = await new Promise<number>((resolve) => {
    receiver.listen(0, '127.0.0.1', () => resolve(z.object({ port: z.number() }).parse(receiver.address()).port))
  })
  const world = await openServedWorld()
  const server = await world.serve({
    environment: {
      ...{ EVENT_WEBHOOK_URLS: `http://127.0.0.1:${port}/`, LOG_LEVEL: 'info' },
      EVENT_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
    },
  })
  expect((await pay(server.url, world)).status).toBe(201)
  await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(1)
  const stopped = server.stop()
  await server.says(/"message":"stopping"/)
  await expect.poll(() => statusOf(`${server.url}/health/live`), { timeout: 10_000 }).toBeUndefined()
  // Nothing holds it up but the event: were that not so, it would say "stopped" at once.
  await Promise.race([server.says(/"message":"stopped"/), new Promise((resolve) => setTimeout(resolve, 1500))])
  expect(server.output()).not.toContain('"message":"stopped"')
  waiting[0]?.end()
  expect(await stopped, server.output()).toBe(0)
  const { rows } = await world.pool.query('select distinct status, attempts::int from outbox')
  expect(rows).toStrictEqual([{ status: 'delivered', attempts: 1 }])
})
