import { Redis } from 'ioredis'
import { expect, inject, test } from 'vitest'
import { startProxy } from '../../../test/services/proxy.ts'
import { startRedisProgram } from '../../../test/services/redis.ts'
import { readConfig } from '../src/cli/config.ts'
import { needs } from '../src/cli/config-needs.ts'
import { openRedis, redisLimiter } from '../src/cli/open-redis.ts'
import { createLogger } from '../src/logger.ts'
import { temporaryFolder } from './cli-process.ts'

test('leaves a Redis that was demoted in a failover for the one that its name leads to', {
  timeout: 60_000,
}, async () => {
  const [first, second] = [await startRedisProgram([]), await startRedisProgram([])]
  const name = await startProxy(first.url)
  const environment = {
    ...{ DATABASE_URL: inject('databaseUrl'), REDIS_URL: name.url },
    ...{ STRIPE_SECRET_KEY: 'sk_test_redis', ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef' },
  }
  const config = readConfig({ environment, folder: temporaryFolder() }, needs.florin)
  const redis = await openRedis(config, createLogger({ level: 'silent' }))
  const limiter = redisLimiter(redis, createLogger({ level: 'silent' }), {
    name: 'test',
    points: 5,
    windowSeconds: 600,
  })
  const admin = new Redis(second.url)
  try {
    await limiter.take('before')
    // The connection that is there stays with the first one, which is the second one's replica now.
    const demoted = new Redis(first.url)
    await demoted.config('SET', 'masterauth', decodeURIComponent(new URL(second.url).password))
    await demoted.replicaof('127.0.0.1', new URL(second.url).port)
    demoted.disconnect()
    await admin.config('SET', 'requirepass', decodeURIComponent(new URL(first.url).password))
    name.leadTo(second.url)
    // Meanwhile each process counts alone.
    await expect
      .poll(
        async () => {
          await limiter.take('after')
          return (await admin.keys('*after*')).length
        },
        { timeout: 20_000 },
      )
      .toBe(1)
  } finally {
    admin.disconnect()
    redis.disconnect()
    await name.close()
    await first.stop()
    await second.stop()
  }
})
