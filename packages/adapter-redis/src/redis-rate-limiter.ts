import type { RateLimiter, Taken } from '@florin/core'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { createReach, type ReachOptions } from './reach.ts'

/** The part of an ioredis client or cluster that the limiter calls. */
export interface RedisForRateLimiter {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

export interface RedisRateLimiterOptions extends ReachOptions {
  /** The caller makes it and closes it, and listens to its `error` event. */
  readonly redis: RedisForRateLimiter
  /** How many a window allows for one key. */
  readonly points: number
  readonly windowSeconds: number
  /** Stands before every key, together with the limit. Limiters that count different things need different ones. */
  readonly prefix?: string
}

/**
 * A RateLimiter in Redis: all processes count together.
 *
 * While Redis is dead or too slow (50 ms), each process counts in its own memory, from zero; `onLost` and
 * `onBack` tell when.
 *
 * @throws RangeError when the points or the window are no positive integers
 */
export function redisRateLimiter({
  redis,
  points,
  windowSeconds,
  prefix = 'florin:limit',
  ...reaching
}: RedisRateLimiterOptions): RateLimiter {
  for (const [name, value] of Object.entries({ points, windowSeconds })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer`)
  }
  const reach = createReach(reaching)
  // Said in the way of the other Redis client, whose interface is one method, so that ours stays that small as well and
  // the timeout has one place.
  const storeClient = {
    eval: (script: string, { keys, arguments: values }: { keys: string[]; arguments: string[] }) =>
      reach.ask(() => redis.eval(script, keys.length, ...keys, ...values)),
  }
  const limit = { points, duration: windowSeconds, keyPrefix: `${prefix}:${points}/${windowSeconds}` }
  const limiter = new RateLimiterRedis({
    ...limit,
    storeClient,
    useRedisPackage: true,
    insuranceLimiter: new RateLimiterMemory(limit),
  })

  const taken = (allowed: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes): Taken => ({
    allowed,
    limit: points,
    remaining: remainingPoints,
    resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)),
  })

  return {
    async take(key) {
      try {
        return taken(true, await limiter.consume(key))
      } catch (refused) {
        // The library answers "too many" by rejecting with a result. Its memory can fail in no other way.
        if (refused instanceof RateLimiterRes) return taken(false, refused)
        throw refused
      }
    },
  }
}
