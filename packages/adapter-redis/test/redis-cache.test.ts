import { randomUUID } from 'node:crypto'
import { describeCache } from '@florin/core/testing'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { startProxy, type TcpProxy } from '../../../test/services/proxy.ts'
import { redisCache } from '../src/index.ts'
import { forgetfulClient, inTime, LOST_AFTER_MS, patience, patientClient } from './clients.ts'

const MINUTE = 60_000

describeCache({
  name: 'Redis cache',
  async open() {
    const redis = new Redis(inject('redisUrl'))
    return {
      cache: redisCache({ redis, ...patience, prefix: `${randomUUID()}:` }),
      async close() {
        await redis.quit()
      },
    }
  },
})

describe('Redis cache', { timeout: 30_000 }, () => {
  let proxy: TcpProxy
  let redis: Redis
  let direct: Redis
  let prefix: string

  beforeEach(async () => {
    prefix = `${randomUUID()}:`
    proxy = await startProxy(inject('redisUrl'))
    redis = patientClient(proxy.url)
    direct = new Redis(inject('redisUrl'))
  })
  afterEach(async () => {
    redis.disconnect()
    direct.disconnect()
    await proxy.close()
  })

  test('shares its values with other processes and lets Redis forget them', async () => {
    await redisCache({ redis, ...patience, prefix }).set('a', 'kept', 45_000)
    expect(await redisCache({ redis: direct, ...patience, prefix }).get('a')).toBe('kept')
    expect(await redisCache({ redis: direct, ...patience, prefix: `other${prefix}` }).get('a')).toBeUndefined()
    const left = await direct.pttl(`${prefix}a`)
    expect(left).toBeGreaterThan(40_000)
    expect(left).toBeLessThanOrEqual(45_000)
  })

  test('misses what somebody else wrote under its key in another form', async () => {
    await direct.set(`${prefix}a`, 'not ours')
    await direct.hset(`${prefix}b`, 'field', 'not even a text')
    const cache = redisCache({ redis, ...patience, prefix })
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.get('b')).toBeUndefined()
  })

  test.each([
    { state: 'dead', lose: (server: TcpProxy) => server.kill(), restore: (server: TcpProxy) => server.revive() },
    {
      state: 'paused',
      lose: async (server: TcpProxy) => server.pause(),
      restore: async (server: TcpProxy) => server.resume(),
    },
  ])('misses quickly and without an error while Redis is $state, and works again after', async ({ lose, restore }) => {
    const told: string[] = []
    const cache = redisCache({
      redis,
      prefix,
      timeoutMs: LOST_AFTER_MS,
      onLost: () => told.push('lost'),
      onBack: () => told.push('back'),
    })
    await cache.set('a', 'kept', MINUTE)
    await lose(proxy)

    await inTime(5 * LOST_AFTER_MS, async () => {
      expect(await cache.get('a')).toBeUndefined()
      await cache.set('b', 'lost', MINUTE)
      expect(await cache.get('b')).toBeUndefined()
      await cache.delete(['c'])
    })
    // Once it is known to be away, nobody waits for it.
    await inTime(LOST_AFTER_MS, async () => {
      for (let count = 0; count < 100; count += 1) await cache.get('a')
    })
    expect(told).toStrictEqual(['lost'])

    await restore(proxy)
    await expect
      .poll(
        async () => {
          await cache.set('d', 'new', MINUTE)
          return cache.get('d')
        },
        { timeout: 20_000 },
      )
      .toBe('new')
    expect(told).toStrictEqual(['lost', 'back'])
  })

  test.each([
    { change: 'deleted', make: (cache: ReturnType<typeof redisCache>) => cache.delete(['a']) },
    { change: 'replaced', make: (cache: ReturnType<typeof redisCache>) => cache.set('a', 'new', MINUTE) },
    { change: 'replaced by nothing', make: (cache: ReturnType<typeof redisCache>) => cache.set('a', 'new', 0) },
  ])('never answers what was $change while Redis was dead', async ({ make }) => {
    // This client drops what it could not send: nothing reaches Redis later either.
    const forgetful = await forgetfulClient(proxy.url)
    const cache = redisCache({ redis: forgetful, ...patience, prefix })
    await cache.set('a', 'old', MINUTE)
    await proxy.kill()
    await make(cache)
    await proxy.revive()
    await expect
      .poll(
        async () => {
          expect(await cache.get('a')).not.toBe('old')
          await cache.set('b', 'back', MINUTE)
          return cache.get('b')
        },
        { timeout: 20_000 },
      )
      .toBe('back')
    expect(await direct.get(`${prefix}a`)).toContain('old')
    expect(await cache.get('a')).toBeUndefined()
    forgetful.disconnect()
  })

  test('never answers a value that a paused Redis took in after its time to live', async () => {
    const cache = redisCache({ redis, prefix })
    await redis.ping()
    proxy.pause()
    await cache.set('a', 'late', 200)
    const over = performance.now() + 200
    await expect.poll(() => performance.now() > over, { timeout: 5000 }).toBe(true)
    proxy.resume()
    // Redis now counts 200 ms from here, which another process must not believe.
    await expect.poll(() => direct.get(`${prefix}a`), { timeout: 5000, interval: 5 }).toContain('late')
    expect(await redisCache({ redis: direct, ...patience, prefix }).get('a')).toBeUndefined()
  })

  test('deletes for the other processes as soon as Redis is back', async () => {
    await redisCache({ redis, ...patience, prefix }).set('a', 'old', MINUTE)
    proxy.pause()
    const cache = redisCache({ redis, prefix })
    await cache.get('a')
    await cache.delete(['a'])
    proxy.resume()
    await expect
      .poll(() => redisCache({ redis: direct, ...patience, prefix }).get('a'), { timeout: 5000 })
      .toBeUndefined()
  })
})
