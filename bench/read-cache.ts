// node --conditions=@florin/source bench/read-cache.ts: whether a cache in Redis would answer reads by id sooner than
// PostgreSQL does. What came of it is in docs/decisions/0015-no-cache-of-reads.md.
import { fromPool, migrateToLatest, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin, type Payment, system } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import { Redis } from 'ioredis'
import { Client, Pool } from 'pg'
import { startPostgres } from '../test/services/postgres.ts'
import { startRedis } from '../test/services/redis.ts'
import { median, percentile } from './statistics.ts'

const PAYMENTS = 200
const ROUNDS = 5
const MEASURE_MS = 2000

const [postgres, redisServer] = await Promise.all([startPostgres({ durable: true }), startRedis()])
const pool = new Pool({ connectionString: postgres.url, max: 10 })
const shared = new Client({ connectionString: postgres.url, pipeline: true })
await shared.connect()
const redis = new Redis(redisServer.url, { enableAutoPipelining: false })
const pipelined = new Redis(redisServer.url, { enableAutoPipelining: true })

const database = fromPool(pool)
await migrateToLatest(database)
const sandbox = createStripeSandbox()
const cipher = nodeCipher({ current: { id: 'bench', bytes: new Uint8Array(32) } })
const florin = createFlorin({
  storage: postgresStorage({ database }),
  cipher,
  gateway: stripeGateway({
    stripe: stripeClient({ secretKey: 'sk_test_bench', fetch: sandbox.fetch }),
    webhookSecrets: ['whsec_bench'],
  }),
})

const { key } = await cipher.makeKey('bench')
const ids: string[] = []
for (let count = 0; count < PAYMENTS; count += 1) {
  const order = { userId: `user_${count}`, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
  const more = { description: 'A description of usual length', metadata: { order: `${count}`, shop: 'north' } }
  const { data } = await florin.payments.create({ ...order, ...more }, { actor: system, idempotencyKey: `${count}` })
  ids.push(data.id)
  const payment = await florin.payments.get(data.id, system)
  await redis.set(`cache:${data.id}`, await key.sealText(JSON.stringify(payment), `cache.${data.id}`))
}

const fromCache = async (client: Redis, id: string): Promise<Payment> => {
  const sealed = await client.get(`cache:${id}`)
  if (sealed === null) throw new Error('the cache forgot')
  return JSON.parse(await key.openText(sealed, `cache.${id}`))
}
const named = { name: 'read', text: 'select * from transactions where id = $1' }

/** What is compared. The row alone is what a read of PostgreSQL costs at least, before anything is opened. */
const ways: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  'florin.payments.get, as it is': (id) => florin.payments.get(id, system),
  'PostgreSQL: the row, named statement, pool of 10': (id) => pool.query({ ...named, values: [id] }),
  'PostgreSQL: the row, named statement, one pipelined connection': (id) => shared.query({ ...named, values: [id] }),
  'Redis: get, AES-256-GCM, JSON.parse': (id) => fromCache(redis, id),
  'the same, commands of a turn sent together': (id) => fromCache(pipelined, id),
}

/** Reads for a while, so many at once; times in milliseconds, CPU of this process in microseconds a read. */
async function measure(read: (id: string) => Promise<unknown>, atOnce: number, forMs: number) {
  const times: number[] = []
  const end = performance.now() + forMs
  const cpu = process.cpuUsage()
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() < end) {
        const start = performance.now()
        next += 1
        await read(ids[next % ids.length] ?? '')
        times.push(performance.now() - start)
      }
    }),
  )
  const { user, system: kernel } = process.cpuUsage(cpu)
  const sorted = Float64Array.from(times).sort()
  const perSecond = (times.length / forMs) * 1000
  return { perSecond, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), cpu: (user + kernel) / times.length }
}

for (const atOnce of [1, 16, 64]) {
  const found = new Map(Object.keys(ways).map((name) => [name, [] as Awaited<ReturnType<typeof measure>>[]]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, read] of Object.entries(ways)) {
      await measure(read, atOnce, MEASURE_MS / 4)
      found.get(name)?.push(await measure(read, atOnce, MEASURE_MS))
    }
  }
  for (const [name, rounds] of found) {
    const of = (what: 'perSecond' | 'p50' | 'p99' | 'cpu') => median(rounds.map((round) => round[what]))
    const [rate, cpu] = [of('perSecond').toFixed(0).padStart(6), of('cpu').toFixed(0).padStart(4)]
    const times = `p50 ${of('p50').toFixed(2)} ms, p99 ${of('p99').toFixed(2)} ms`
    console.log(`${String(atOnce).padStart(2)} at once  ${rate}/s  ${times}  ${cpu} µs here  ${name}`)
  }
}
redis.disconnect()
pipelined.disconnect()
await Promise.all([shared.end(), pool.end()])
await Promise.all([postgres.stop(), redisServer.stop()])
