import { randomUUID } from 'node:crypto'
import { describeRateLimiter } from '@florin/core/testing'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { startProxy, type TcpProxy } from '../../../test/services/proxy.ts'
import { redisRateLimiter } from '../src/index.ts'
import { inTime, LOST_AFTER_MS, patience, patientClient } from './clients.ts'

describeRateLimiter({
  name: 'Redis rate limiter',
  async open() {
    const redis = new Redis(inject('redisUrl'))
    const prefix = randomUUID()
    return {
      make: (limit) => redisRateLimiter({ redis, prefix, ...patience, ...limit }),
      async close() {
        await redis.quit()
      },
    }
  },
})

describe('Redis rate limiter', { timeout: 30_000 }, () => {
  let proxy: TcpProxy
  let redis: Redis
  let prefix: string

  beforeEach(async () => {
    prefix = randomUUID()
    proxy = await startProxy(inject('redisUrl'))
    redis = patientClient(proxy.url)
  })
  afterEach(async () => {
    redis.disconnect()
    await proxy.close()
  })

  test('counts together with other processes', async () => {
    const other = new Redis(inject('redisUrl'))
    const limiters = [redis, other].map((client) =>
      redisRateLimiter({ redis: client, prefix, ...patience, points: 5, windowSeconds: 60 }),
    )
    const taken = await Promise.all(limiters.flatMap((limiter) => Array.from({ length: 10 }, () => limiter.take('a'))))
    expect(taken.filter(({ allowed }) => allowed)).toHaveLength(5)
    other.disconnect()
  })

  test('keeps counting after Redis lost its scripts', async () => {
    const limiter = redisRateLimiter({ redis, prefix, ...patience, points: 5, windowSeconds: 60 })
    await limiter.take('a')
    await redis.script('FLUSH')
    expect(await limiter.take('a')).toMatchObject({ allowed: true, remaining: 3 })
  })

  test.each([
    { state: 'dead', lose: (server: TcpProxy) => server.kill(), restore: (server: TcpProxy) => server.revive() },
    {
      state: 'paused',
      lose: async (server: TcpProxy) => server.pause(),
      restore: async (server: TcpProxy) => server.resume(),
    },
  ])('counts in memory while Redis is $state, quickly, and says so', async ({ lose, restore }) => {
    const told: unknown[] = []
    const limiter = redisRateLimiter({
      redis,
      prefix,
      points: 3,
      windowSeconds: 60,
      timeoutMs: LOST_AFTER_MS,
      onLost: (reason) => told.push(reason),
      onBack: () => told.push('back'),
    })
    expect(await limiter.take('a')).toMatchObject({ allowed: true, remaining: 2 })
    await lose(proxy)

    await inTime(5 * LOST_AFTER_MS, async () => {
      const taken = []
      for (let count = 0; count < 4; count += 1) taken.push(await limiter.take('a'))
      expect(taken.map(({ allowed, remaining }) => ({ allowed, remaining }))).toStrictEqual([
        { allowed: true, remaining: 2 },
        { allowed: true, remaining: 1 },
        { allowed: true, remaining: 0 },
        { allowed: false, remaining: 0 },
      ])
      expect(taken.every(({ limit, resetSeconds }) => limit === 3 && resetSeconds <= 60 && resetSeconds >= 50)).toBe(
        true,
      )
    })
    await inTime(LOST_AFTER_MS, async () => {
      for (let count = 0; count < 100; count += 1) await limiter.take('a')
    })
    expect(told).toStrictEqual([expect.any(Error)])

    await restore(proxy)
    await expect
      .poll(
        async () => {
          await limiter.take('b')
          return told.at(-1)
        },
        { timeout: 20_000 },
      )
      .toBe('back')
    // Redis's own count goes on where it was; a request or two of the time in between may have reached it late.
    expect((await limiter.take('a')).allowed).toBe(true)
  })

  test('waits 50 ms for Redis where nothing else is said', async () => {
    const limiter = redisRateLimiter({ redis, prefix, points: 3, windowSeconds: 60 })
    await redis.ping()
    proxy.pause()
    const start = performance.now()
    expect(await limiter.take('a')).toMatchObject({ allowed: true, remaining: 2 })
    expect(performance.now() - start).toBeGreaterThan(45)
    expect(performance.now() - start).toBeLessThan(LOST_AFTER_MS)
  })
})
