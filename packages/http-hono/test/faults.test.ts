import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { startStoppablePostgres } from '../../../test/services/postgres.ts'
import { startProxy } from '../../../test/services/proxy.ts'
import { expectPaidOnce, placeOrders } from './orders.ts'
import { openServedWorld, type Replica, type ServedWorld } from './served-florin.ts'

// By hand: FAULT_SECONDS=30
const seconds = Number(process.env.FAULT_SECONDS ?? 3)
const slow = { timeout: 400_000 }
const patient = { timeout: 60_000, interval: 100 }

const healthOf = async ({ url }: Replica, path = '/health?verbose') => {
  const response = await fetch(`${url}${path}`)
  return { status: response.status, body: await response.json() }
}
const healthy = { status: 200, body: { status: 'healthy' } }

/** Webhooks go to the server; what became of each is counted, and those that were refused are sent again at the end. */
function deliverTo(world: ServedWorld, { url }: Replica) {
  const taken = new Set<string>()
  const refused: Record<string, number> = {}
  world.deliverTo(async (_, body, headers) => {
    const { id } = JSON.parse(body)
    const response = await fetch(`${url}/api/v1/webhooks/stripe`, { method: 'POST', body, headers: { ...headers } })
    await response.text()
    if (response.ok) taken.add(id)
    else refused[response.status] = (refused[response.status] ?? 0) + 1
    return { status: response.status }
  })
  return {
    refused,
    /** Sends what was refused until it is taken, and looks for every event that was answered 200 in the database. */
    async expectAllStored(): Promise<number> {
      const events = () => world.sandbox.state.all('event').map((event) => ('id' in event ? String(event.id) : ''))
      await world.sandbox.webhooks.settled()
      const all = events()
      for (const id of all) if (!taken.has(id)) await world.sandbox.webhooks.redeliver(id)
      await world.sandbox.webhooks.settled()
      const { rows } = await world.pool.query(
        "select id, status from webhook_events where status in ('processed', 'ignored')",
      )
      // More may come meanwhile: the funds of a charge are booked a moment after it, which is an event too.
      const stored = new Set<string>(rows.map(({ id }) => id))
      const atStripe = new Set(events())
      expect(all.filter((id) => !stored.has(id) || !taken.has(id))).toStrictEqual([])
      expect([...stored, ...taken].filter((id) => !atStripe.has(id))).toStrictEqual([])
      return all.length
    },
  }
}

/** Runs orders through a fault: before, during and after it. Nothing may be lost, and nobody restarts the server. */
async function through(
  world: ServedWorld,
  server: Replica,
  fault: { name: string; begin: () => Promise<unknown>; during: () => Promise<unknown>; end: () => Promise<unknown> },
): Promise<Record<string, number>> {
  const webhooks = deliverTo(world, server)
  const orders = placeOrders(server.url, world.token)
  await expect.poll(() => orders.paid.length, patient).toBeGreaterThan(10)
  expect(await healthOf(server)).toMatchObject(healthy)
  const until = performance.now() + seconds * 1000
  await fault.begin()
  await fault.during()
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - performance.now())))
  await fault.end()
  const paidBefore = orders.paid.length
  await expect.poll(() => healthOf(server), patient).toMatchObject(healthy)
  await expect.poll(() => orders.paid.length, patient).toBeGreaterThan(paidBefore + 5)
  const count = await orders.finish()
  const events = await webhooks.expectAllStored()
  await expectPaidOnce(world, orders.paid)
  console.log(
    `${fault.name}, ${seconds} s: ${count} orders paid once, ${events} webhooks stored; ` +
      `answers ${JSON.stringify(orders.answers)}, webhooks refused ${JSON.stringify(webhooks.refused)}`,
  )
  return orders.answers
}

/** What any order may be answered before it is paid: also that there are too many, or that it is being worked on. */
const waiting = ['201', '503 overloaded', '409 operation_in_progress']

describe('a server lives through', () => {
  test('PostgreSQL that is stopped and started again', slow, async () => {
    const postgres = await startStoppablePostgres()
    onTestFinished(() => postgres.stop())
    const world = await openServedWorld({ serverUrl: postgres.url })
    const server = await world.serve()
    const answers = await through(world, server, {
      name: 'PostgreSQL stopped',
      begin: postgres.halt,
      async during() {
        const lost = { status: 503, body: { status: 'unhealthy', checks: { postgres: 'unhealthy' } } }
        await expect.poll(() => healthOf(server), patient).toMatchObject(lost)
        expect(await healthOf(server, '/health/ready')).toMatchObject(lost)
        expect(await healthOf(server, '/health/live')).toMatchObject({ status: 200 })
        await expect
          .poll(() => postOrder(server, world), patient)
          .toMatchObject({ status: 503, code: 'storage_unavailable' })
      },
      end: postgres.start,
    })
    expectOnly(answers, [...waiting, '503 storage_unavailable', '504 gateway_outcome_unknown'])
  })

  test('PostgreSQL whose disk is full', slow, async () => {
    const world = await openServedWorld()
    const server = await world.serve()
    const tables = ['operations', 'transactions', 'webhook_events']
    await world.pool.query(`create function disk_full() returns trigger language plpgsql as $$ begin
      raise exception 'could not extend file "base/1/2": No space left on device' using errcode = '53100'; end $$`)
    const answers = await through(world, server, {
      name: 'disk full',
      async begin() {
        for (const table of tables) {
          await world.pool.query(
            `create trigger full_disk before insert or update on ${table} for each statement execute function disk_full()`,
          )
        }
      },
      async during() {
        const degraded = {
          status: 200,
          body: { status: 'degraded', checks: { postgres: 'healthy', writes: 'unhealthy' } },
        }
        await expect.poll(() => healthOf(server), patient).toMatchObject(degraded)
        expect(await postOrder(server, world)).toMatchObject({ status: 503, code: 'storage_unavailable' })
        const list = { headers: { Authorization: `Bearer ${world.token}` } }
        expect((await fetch(`${server.url}/api/v1/users/user_1/payments`, list)).status).toBe(200)
      },
      async end() {
        for (const table of tables) await world.pool.query(`drop trigger full_disk on ${table}`)
      },
    })
    expectOnly(answers, [...waiting, '503 storage_unavailable', '504 gateway_outcome_unknown'])
  })

  test('Redis that is killed', slow, async () => {
    const redis = await startProxy(inject('redisUrl'))
    onTestFinished(() => redis.close())
    const world = await openServedWorld({ redisUrl: redis.url })
    const server = await world.serve()
    const answers = await through(world, server, {
      name: 'Redis killed',
      begin: redis.kill,
      during: () => expect.poll(() => healthOf(server), patient).toMatchObject(withoutRedis),
      end: redis.revive,
    })
    expectOnly(answers, ['201'])
  })

  test('Redis that answers slowly', slow, async () => {
    const redis = await startProxy(inject('redisUrl'))
    onTestFinished(() => redis.close())
    const world = await openServedWorld({ redisUrl: redis.url })
    const server = await world.serve()
    const answers = await through(world, server, {
      name: 'Redis slow by a second each way',
      begin: async () => redis.delay(1000),
      during: () => expect.poll(() => healthOf(server), patient).toMatchObject(withoutRedis),
      end: async () => redis.delay(0),
    })
    expectOnly(answers, ['201'])
  })

  test('Stripe that is down', slow, async () => {
    const world = await openServedWorld()
    const stripe = await startProxy(world.stripeUrl)
    onTestFinished(() => stripe.close())
    const server = await world.serve({ environment: { STRIPE_API_BASE: stripe.url.replace(/\/$/, '') } })
    const answers = await through(world, server, {
      name: 'Stripe down',
      begin: stripe.kill,
      async during() {
        const degraded = {
          status: 200,
          body: { status: 'degraded', checks: { postgres: 'healthy', gateway: 'unhealthy' } },
        }
        await expect.poll(() => healthOf(server), patient).toMatchObject(degraded)
        // Connections that were open before break with a request on its way: of those nothing is known.
        const unavailable = { status: 503, code: 'gateway_unavailable' }
        await expect.poll(() => postOrder(server, world), patient).toMatchObject(unavailable)
      },
      end: stripe.revive,
    })
    expectOnly(answers, [...waiting, '503 gateway_unavailable', '504 gateway_outcome_unknown'])
  })

  test('having no file descriptors left', slow, async () => {
    const world = await openServedWorld()
    const server = await world.serve({ fileLimit: 100 })
    const idle: ReturnType<typeof connect>[] = []
    onTestFinished(() => {
      for (const socket of idle) socket.destroy()
    })
    await through(world, server, {
      name: 'no file descriptors',
      async begin() {
        for (let count = 0; count < 150; count += 1) idle.push(connect(server.port, '127.0.0.1').on('error', () => {}))
      },
      async during() {
        const closed = () => idle.filter((socket) => socket.closed).length
        await expect.poll(closed, { ...patient, message: 'what it cannot hold is closed at once' }).toBeGreaterThan(20)
      },
      async end() {
        for (const socket of idle) socket.destroy()
      },
    })
  })
})

const withoutRedis = { status: 200, body: { status: 'degraded', checks: { postgres: 'healthy', redis: 'unhealthy' } } }

/** An order that nobody goes on with: it is only asked whether it would be taken now. */
async function postOrder({ url }: Replica, { token }: ServedWorld): Promise<{ status: number; code?: unknown }> {
  const response = await fetch(`${url}/api/v1/payments`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': `probe-${randomUUID()}`,
    },
    body: JSON.stringify({ user_id: 'user_1', amount: 999, currency: 'USD' }),
  })
  return { status: response.status, ...JSON.parse(await response.text()) }
}

const expectOnly = (answers: Record<string, number>, allowed: readonly string[]): void =>
  expect(
    Object.keys(answers).filter((answer) => !allowed.includes(answer)),
    JSON.stringify(answers),
  ).toStrictEqual([])
