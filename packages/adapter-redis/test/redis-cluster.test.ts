import { randomUUID } from 'node:crypto'
import type { CallRates } from '@florin/core'
import { describeCallBudget, describeRateLimiter } from '@florin/core/testing'
import { afterAll, expect, test } from 'vitest'
import { redisCallBudget, redisRateLimiter } from '../src/index.ts'
import { patience } from './clients.ts'
import { startRedisCluster } from './redis-cluster.ts'

const starting = startRedisCluster()
afterAll(async () => (await starting).stop())

describeRateLimiter({
  name: 'Redis rate limiter on a cluster of three',
  async open() {
    const { client: redis } = await starting
    const prefix = randomUUID()
    return { make: (limit) => redisRateLimiter({ redis, prefix, ...patience, ...limit }), close: async () => undefined }
  },
})

describeCallBudget({
  name: 'Redis call budget on a cluster of three',
  async open() {
    const { client: redis } = await starting
    const make = (rates: CallRates) => redisCallBudget({ redis, prefix: randomUUID(), ...patience, ...rates })
    return { make, close: async () => undefined }
  },
})

test('the keys of a limiter lie on all three servers', async () => {
  const { client: redis } = await starting
  const limiter = redisRateLimiter({ redis, prefix: 'spread', ...patience, points: 5, windowSeconds: 60 })
  for (let address = 0; address < 60; address += 1) await limiter.take(`10.0.0.${address}`)
  const held = await Promise.all(redis.nodes('master').map(async (node) => (await node.keys('spread*')).length))
  expect(held).toHaveLength(3)
  for (const count of held) expect(count).toBeGreaterThan(0)
})
