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
  readonly prefix?: string | undefined
}

/** What a process took from a window for requests to come. */
interface Held {
  left: number
  /** What was left in Redis then. */
  readonly others: number
  /** When the window ends, by this process's own clock. */
  readonly until: number
}

/** This part of a window a process takes at once: of limits below 200 that is the one request that asks. */
const MOST_AHEAD = 1 / 100

const MOST_KEYS = 10_000

/** How often those whose window has ended are looked for, where there are that many. */
const SWEEP_MS = 1000

/**
 * A RateLimiter in Redis: all processes count together. Of a limit of 200 or more each process takes a hundredth at once,
 * and asks Redis again when that is used up: what it has left at the end of a window was counted and allowed nobody.
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

  const ahead = Math.max(1, Math.floor(points * MOST_AHEAD))
  const held = new Map<string, Held>()
  let sweptAt = Number.NEGATIVE_INFINITY
  const asked = new Map<string, { readonly answer: Promise<Taken>; waiting: number }>()

  /** Takes from Redis, for this request and where there is room for some that follow. */
  async function fetch(key: string, count: number): Promise<Taken> {
    const before = performance.now()
    try {
      const { remainingPoints, msBeforeNext } = await limiter.consume(key, count)
      if (count > 1) held.set(key, { left: count - 1, others: remainingPoints, until: before + msBeforeNext })
      return { allowed: true, ...told(remainingPoints + count - 1, msBeforeNext) }
    } catch (refused) {
      // The library answers "too many" by rejecting with a result. Its memory can fail in no other way.
      if (!(refused instanceof RateLimiterRes)) throw refused
      return { allowed: false, ...told(refused.remainingPoints, refused.msBeforeNext) }
    }
  }

  const told = (remaining: number, msBeforeNext: number) => ({
    ...{ limit: points, remaining, resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)) },
  })

  /** What was taken ahead, while it lasts. */
  function spend(key: string): Taken | undefined {
    const own = held.get(key)
    const msBeforeNext = own ? own.until - performance.now() : 0
    if (!own || own.left === 0 || msBeforeNext <= 0) return undefined
    own.left -= 1
    return { allowed: true, ...told(own.others + own.left, msBeforeNext) }
  }

  /** How many to ask Redis for: one by one where a window is nearly used up, or where too many clients would be kept. */
  function share(key: string): number {
    const now = performance.now()
    const own = held.get(key)
    if (own && own.until > now) return own.others < 2 * ahead ? 1 : ahead
    if (own || held.size < MOST_KEYS) return ahead
    if (now - sweptAt > SWEEP_MS) {
      sweptAt = now
      for (const [other, { until }] of held) if (until <= now) held.delete(other)
    }
    return held.size < MOST_KEYS ? ahead : 1
  }

  return {
    async take(key) {
      for (;;) {
        const own = spend(key)
        if (own) return own
        const count = share(key)
        const others = asked.get(key)
        // Whoever would find nothing left of what is being asked for does not wait for it.
        if (count === 1 || (others && others.waiting >= count - 1)) return fetch(key, 1)
        if (!others) {
          const answer = fetch(key, count).finally(() => asked.delete(key))
          asked.set(key, { answer, waiting: 0 })
          return answer
        }
        others.waiting += 1
        const answer = await others.answer
        if (!answer.allowed) return answer
      }
    },
  }
}
