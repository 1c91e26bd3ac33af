import { expect, test } from 'vitest'
import { type Balancer, balance } from './balancer.ts'
import { expectPaidOnce, orderOf, type Paid, readPaid } from './orders.ts'
import { openServedWorld, type Replica, type ServedWorld } from './served-florin.ts'

// By hand: ROLLING_RATE=200 ROLLING_ROUNDS=3
const rate = Number(process.env.ROLLING_RATE ?? 40)
const rounds = Number(process.env.ROLLING_ROUNDS ?? 1)

/** Payments and reads at a steady rate, whether or not the earlier ones were answered, until it is told to stop. */
function startLoad({ send }: Balancer, token: string) {
  const paid: Paid[] = []
  const failures: string[] = []
  const running = new Set<Promise<void>>()
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  let [payments, reads] = [0, 0]
  const pay = async (): Promise<void> => {
    payments += 1
    const number = payments
    const key = { ...headers, 'Idempotency-Key': `order-${number}` }
    const { status, body } = await send('POST', '/api/v1/payments', orderOf(number), key)
    if (status !== 201) throw new Error(`${status} ${body}`)
    paid.push(readPaid(body))
  }
  const read = async (): Promise<void> => {
    reads += 1
    const one = paid[reads % paid.length]
    const path = one && reads % 3 > 0 ? `/api/v1/payments/${one.id}` : `/api/v1/users/user_${reads % 50}/payments`
    const { status, body } = await send('GET', path, undefined, headers)
    if (status !== 200) throw new Error(`${status} ${body}`)
  }
  let sent = 0
  const started = performance.now()
  const timer = setInterval(() => {
    for (; sent < ((performance.now() - started) / 1000) * rate; sent += 1) {
      const one = (sent % 2 === 0 ? pay() : read()).catch((error: unknown) => void failures.push(String(error)))
      running.add(one)
      void one.finally(() => running.delete(one))
    }
  }, 5)
  return {
    paid,
    async stop() {
      clearInterval(timer)
      const seconds = (performance.now() - started) / 1000
      await Promise.all(running)
      return { payments, reads, failures, seconds }
    },
  }
}

/** Stops a server as a deployment does, starts it again and waits until it takes requests. */
async function restart(world: ServedWorld, replica: Replica, balancer: Balancer): Promise<Replica> {
  expect(await replica.stop(), replica.output()).toBe(0)
  const next = await world.serve({ port: replica.port, environment })
  await expect.poll(balancer.ready, { timeout: 30_000 }).toBe(2)
  return next
}

const environment = { SHUTDOWN_DELAY: '3s' }

test('a rolling restart of two replicas under load loses no request and no payment', { timeout: 600_000 }, async () => {
  const world = await openServedWorld()
  let [one, two] = await Promise.all([world.serve({ environment }), world.serve({ environment })])
  const balancer = balance([one.url, two.url])
  const webhooks = { taken: 0, refused: [] as string[] }
  world.deliverTo(async (url, body, headers) => {
    const { status } = await balancer.send('POST', new URL(url).pathname, body, headers).catch((error: unknown) => {
      webhooks.refused.push(String(error))
      throw error
    })
    if (status === 200) webhooks.taken += 1
    else webhooks.refused.push(String(status))
    return { status }
  })
  await expect.poll(balancer.ready, { timeout: 30_000 }).toBe(2)

  const load = startLoad(balancer, world.token)
  await expect.poll(() => load.paid.length, { timeout: 30_000 }).toBeGreaterThan(10)
  for (let round = 0; round < rounds; round += 1) {
    one = await restart(world, one, balancer)
    two = await restart(world, two, balancer)
  }
  const { payments, reads, failures, seconds } = await load.stop()
  await world.sandbox.webhooks.settled()

  expect(failures).toStrictEqual([])
  expect(webhooks.refused).toStrictEqual([])
  expect(load.paid).toHaveLength(payments)
  await expectPaidOnce(world, load.paid)
  const perSecond = Math.round((payments + reads) / seconds)
  console.log(
    `rolling restart: ${payments} payments, ${reads} reads, ${webhooks.taken} webhooks in ${seconds.toFixed(0)} s ` +
      `(${perSecond} requests a second), ${2 * rounds} restarts, ${failures.length} failed`,
  )
})
