import { randomUUID } from 'node:crypto'
import type { Taken } from '@florin/core'
import { describeRateLimiter } from '@florin/core/testing'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest'
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

  test('takes a hundredth of a large limit at once, and never allows more than the limit to all together', async () => {
    const asked = vi.spyOn(redis, 'eval')
    const make = () => redisRateLimiter({ redis, prefix, ...patience, points: 1000, windowSeconds: 60 })
    const limiters = [make(), make(), make()]
    const taken: Taken[] = []
    for (let round = 0; round < 40; round += 1) {
      const together = limiters.flatMap((limiter) => Array.from({ length: 10 }, () => limiter.take('a')))
      taken.push(...(await Promise.all(together)))
    }
    const allowed = taken.filter(({ allowed }) => allowed)
    // What a process holds when the others find nothing more is lost to them: less than a hundredth for each.
    expect(allowed.length).toBeGreaterThan(1000 - 3 * 10)
    expect(allowed.length).toBeLessThanOrEqual(1000)
    const whileRoom = asked.mock.calls.length - (taken.length - allowed.length)
    expect(whileRoom).toBeLessThan(1000 / 5)
  })

  test('counts what it took ahead from the answer that it gives', async () => {
    const limiter = redisRateLimiter({ redis, prefix, ...patience, points: 1000, windowSeconds: 60 })
    const remaining: number[] = []
    for (let request = 0; request < 25; request += 1) remaining.push((await limiter.take('a')).remaining)
    expect(remaining).toEqual(Array.from({ length: 25 }, (_, spent) => 999 - spent))
  })

  test('lets requests that come together wait for one question only as far as its answer goes', async () => {
    const asked = vi.spyOn(redis, 'eval')
    const limiter = redisRateLimiter({ redis, prefix, ...patience, points: 1000, windowSeconds: 60 })
    const taken = await Promise.all(Array.from({ length: 25 }, () => limiter.take('a')))
    expect(taken.every(({ allowed }) => allowed)).toBe(true)
    // Ten at once, and the other fifteen for themselves, all at the same time.
    expect(asked).toHaveBeenCalledTimes(16)
    expect((await limiter.take('a')).remaining).toBe(1000 - 35 + 9)
  })

  test('counts the end of a limit one by one, so that all of it is there for whoever asks', async () => {
    const limiter = redisRateLimiter({ redis, prefix, ...patience, points: 1005, windowSeconds: 60 })
    let allowed = 0
    for (let request = 0; request < 1020; request += 1) if ((await limiter.take('a')).allowed) allowed += 1
    expect(allowed).toBe(1005)
  })

  test('forgets at the end of a window what it took ahead in it', async () => {
    const asked = vi.spyOn(redis, 'eval')
    // A hundred at once: more than are asked for until then.
    const limiter = redisRateLimiter({ redis, prefix, ...patience, points: 10_000, windowSeconds: 1 })
    await limiter.take('a')
    expect(asked).toHaveBeenCalledTimes(1)
    await expect.poll(async () => (await limiter.take('a')).remaining, { timeout: 5000, interval: 200 }).toBe(9999)
    expect(asked).toHaveBeenCalledTimes(2)
  })

  test('takes ahead for 10,000 clients at most, and for others again when the windows of those have ended', async () => {
    const asked = vi.spyOn(redis, 'eval')
    const limiter = redisRateLimiter({ redis, prefix, ...patience, points: 200, windowSeconds: 10 })
    for (let batch = 0; batch < 20; batch += 1) {
      await Promise.all(Array.from({ length: 500 }, (_, index) => limiter.take(`${batch} ${index}`)))
    }
    /** How often Redis is asked for two requests of a client that is new. */
    const asksForTwo = async () => {
      asked.mockClear()
      const key = randomUUID()
      await limiter.take(key)
      await limiter.take(key)
      return asked.mock.calls.length
    }
    expect(await asksForTwo()).toBe(2)
    await expect.poll(asksForTwo, { timeout: 25_000, interval: 100 }).toBe(1)
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
