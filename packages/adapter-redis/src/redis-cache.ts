import type { Cache } from '@florin/core'
import { createReach, type ReachOptions } from './reach.ts'

/** The part of an ioredis client or cluster that the cache calls. */
export interface RedisForCache {
  get(key: string): Promise<string | null>
  set(key: string, value: string, unit: 'PX', milliseconds: number): Promise<unknown>
  unlink(key: string): Promise<unknown>
}

export interface RedisCacheOptions extends ReachOptions {
  /** The caller makes it and closes it, and listens to its `error` event. */
  readonly redis: RedisForCache
  /** Stands before every key. Default `florin:cache:`. */
  readonly prefix?: string
}

// Redis counts milliseconds up to 2^63; a year is as good as for ever here.
const LONGEST_MS = 365 * 24 * 60 * 60 * 1000

/**
 * A Cache in Redis, shared by all processes.
 *
 * A Redis that is dead, or too slow (50 ms), is a miss. A value that could not be deleted or replaced for
 * that reason is never answered by this process again; another process may answer it until its time to live is over.
 */
export function redisCache({ redis, prefix = 'florin:cache:', ...reaching }: RedisCacheOptions): Cache {
  const reach = createReach(reaching)
  // When a change did not reach Redis, an older value may still lie there. Which ones is not worth remembering: what
  // was written up to that moment is not believed any more.
  let doubtedUntil = Number.NEGATIVE_INFINITY
  const change = async (asked: Promise<unknown>): Promise<void> => {
    try {
      await asked
    } catch {
      doubtedUntil = Date.now()
    }
  }

  return {
    async get(key) {
      const found = await reach.ask(() => redis.get(prefix + key)).catch(() => null)
      if (found === null) return undefined
      const entry = read(found)
      return entry && entry.written > doubtedUntil && entry.until > Date.now() ? entry.value : undefined
    },
    async set(key, value, timeToLiveMs) {
      if (!(timeToLiveMs > 0)) {
        await change(reach.ask(() => redis.unlink(prefix + key), { always: true }))
        return
      }
      const milliseconds = Math.ceil(Math.min(timeToLiveMs, LONGEST_MS))
      const text = write({ written: Date.now(), until: Date.now() + milliseconds, value })
      await change(reach.ask(() => redis.set(prefix + key, text, 'PX', milliseconds)))
    },
    async delete(keys) {
      // One by one, for in a cluster they lie on different servers. Asked even when Redis is away: a client that queues
      // commands sends them later, for the sake of the other processes.
      await change(Promise.all(keys.map((key) => reach.ask(() => redis.unlink(prefix + key), { always: true }))))
    },
  }
}

/**
 * A value with its own times. Redis counts a time to live from when it runs the command, which may be long after it was
 * sent when the server was paused.
 */
interface Entry {
  readonly written: number
  readonly until: number
  readonly value: string
}

const write = ({ written, until, value }: Entry): string => `${written}:${until}:${value}`

function read(text: string): Entry | undefined {
  const [, written, until, value] = /^(\d+):(\d+):([\s\S]*)$/.exec(text) ?? []
  return value === undefined ? undefined : { written: Number(written), until: Number(until), value }
}
