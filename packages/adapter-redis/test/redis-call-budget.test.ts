import { randomUUID } from 'node:crypto'
import { describeCallBudget } from '@florin/core/testing'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { startProxy, type TcpProxy } from '../../../test/services/proxy.ts'
import { redisCallBudget } from '../src/index.ts'
import { inTime, LOST_AFTER_MS, patience, patientClient } from './clients.ts'

describeCallBudget({
  name: 'Redis call budget',
  async open() {
    const redis = new Redis(inject('redisUrl'))
    return {
      make: (rates) => redisCallBudget({ redis, prefix: randomUUID(), ...patience, ...rates }),
      async close() {
        await redis.quit()
      },
    }
  },
})

describe('Redis call budget', { timeout: 30_000 }, () => {
  const rates = { perSecond: 100, perEndpointPerSecond: 25 }
  const call = { endpoint: 'payment.create', share: 'interactive' } as const
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

  test('is one line for all processes, and slows down for all of them', async () => {
    const other = new Redis(inject('redisUrl'))
    const budgets = [redis, other].map((client) => redisCallBudget({ redis: client, prefix, ...patience, ...rates }))
    const places = await Promise.all(budgets.flatMap((budget) => Array.from({ length: 17 }, () => budget.take(call))))
    // 34 calls at 17 a second: the last of them in the last quarter of the second second.
    expect(Math.max(...places.map(({ waitMs }) => waitMs))).toBeGreaterThan(1000)
    await budgets[0]?.slowDown('refund.create')
    expect((await budgets[1]?.take({ ...call, endpoint: 'refund.create' }))?.waitMs).toBeGreaterThan(0)
    other.disconnect()
  })

  test('keeps its keys in one slot of a cluster, and lets Redis forget them', async () => {
    const budget = redisCallBudget({ redis, prefix, ...patience, ...rates })
    for (let count = 0; count < 40; count += 1) await budget.take(call)
    await budget.slowDown(null)
    await budget.slowDown(call.endpoint)
    const keys = await redis.keys(`*${prefix}*`)
    expect(keys).toHaveLength(4)
    expect(keys.every((key) => key.startsWith(`{${prefix}}:`))).toBe(true)
    for (const key of keys) {
      const left = await redis.pttl(key)
      expect(left).toBeGreaterThan(0)
      expect(left).toBeLessThanOrEqual(4000)
    }
  })

  test('goes on after Redis lost its scripts', async () => {
    const budget = redisCallBudget({ redis, prefix, ...patience, ...rates })
    for (let count = 0; count < 20; count += 1) await budget.take(call)
    await redis.script('FLUSH')
    expect((await budget.take(call)).waitMs).toBeGreaterThan(0)
  })

  test.each([
    { state: 'dead', lose: (server: TcpProxy) => server.kill(), restore: (server: TcpProxy) => server.revive() },
    {
      state: 'paused',
      lose: async (server: TcpProxy) => server.pause(),
      restore: async (server: TcpProxy) => server.resume(),
    },
  ])('takes its part of the rates while Redis is $state, quickly, and says so', async ({ lose, restore }) => {
    const told: unknown[] = []
    const budget = redisCallBudget({
      ...{ redis, prefix, ...rates, replicas: 2, timeoutMs: LOST_AFTER_MS },
      onLost: (reason) => told.push(reason),
      onBack: () => told.push('back'),
    })
    expect(await budget.take(call)).toStrictEqual({ granted: true, waitMs: 0 })
    await lose(proxy)
    await inTime(5 * LOST_AFTER_MS, async () => {
      const start = performance.now()
      const waits: number[] = []
      for (let count = 0; count < 25; count += 1) {
        const { granted, waitMs } = await budget.take(call)
        expect(granted).toBe(true)
        waits.push(performance.now() - start + waitMs)
      }
      // Half of 25 a second, and 70 % of that, is 8: of 25, three windows are full.
      expect(waits.at(-1)).toBeGreaterThan(2990)
      expect(waits.filter((slot) => slot < (waits[0] ?? 0) + 990).length).toBeLessThanOrEqual(8)
    })
    // And half of 100 in all, and 70 % of that: the last 5 of 40 have to wait for the next second.
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, index) => budget.take({ ...call, endpoint: `endpoint ${index % 5}` })),
    )
    expect(Math.max(...all.map(({ waitMs }) => waitMs))).toBeGreaterThan(990)
    expect(told).toStrictEqual([expect.any(Error)])

    await restore(proxy)
    await expect
      .poll(
        async () => {
          await budget.take({ ...call, endpoint: 'payment.read' })
          return told.at(-1)
        },
        { timeout: 20_000 },
      )
      .toBe('back')
  })

  test('refuses a count of replicas that nobody can be', () => {
    for (const replicas of [0, -1, 1.5]) {
      expect(() => redisCallBudget({ redis, ...rates, replicas })).toThrow(/replicas/)
    }
  })
})
