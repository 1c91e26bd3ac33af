import { type CallBudget, type CallPlace, type CallRates, checkRates, pacesOf, SLOW_DOWN_MS } from '@florin/core'
import { memoryCallBudget } from '@florin/core/memory'
import { createReach, type ReachOptions } from './reach.ts'

/** The part of an ioredis client or cluster that the budget calls. */
export interface RedisForCallBudget {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  set(key: string, value: string, unit: 'PX', milliseconds: number): Promise<unknown>
}

export interface RedisCallBudgetOptions extends CallRates, ReachOptions {
  /** The caller makes it and closes it, and listens to its `error` event. */
  readonly redis: RedisForCallBudget
  /** How many processes share the account: each has such a part of the rates while Redis is lost. Default 1. */
  readonly replicas?: number | undefined
  /** Stands before every key. Those who share an account at the gateway share it. Default `florin:calls`. */
  readonly prefix?: string | undefined
}

/**
 * A CallBudget in Redis: all processes stand in one line, by Redis's clock.
 *
 * While Redis is dead or too slow (50 ms), each process counts in its own memory, with its part of the rates; `onLost`
 * and `onBack` tell when.
 *
 * @throws RangeError when a rate is not positive, or `replicas` no positive integer
 */
export function redisCallBudget({
  redis,
  perSecond,
  perEndpointPerSecond,
  replicas = 1,
  prefix = 'florin:calls',
  ...reaching
}: RedisCallBudgetOptions): CallBudget {
  checkRates({ perSecond, perEndpointPerSecond })
  if (!Number.isSafeInteger(replicas) || replicas < 1) throw new RangeError('replicas must be a positive integer')
  const alone = memoryCallBudget({
    perSecond: perSecond / replicas,
    perEndpointPerSecond: perEndpointPerSecond / replicas,
  })
  const reach = createReach(reaching)
  // One hash tag: a cluster runs a script on the keys of one slot.
  const keyOf = (name: string) => `{${prefix}}:${name}`

  return {
    async take(wanted) {
      const { endpoint, share, atMostMs } = wanted
      const keys = [`${share}:${endpoint}`, share, `held:${endpoint}`, 'held'].map(keyOf)
      const paces = pacesOf({ perSecond, perEndpointPerSecond }, wanted)
      const values = [JSON.stringify([paces.endpoint, paces.account]), String(atMostMs ?? -1)]
      try {
        return placeOf(await reach.ask(() => redis.eval(takePlace, keys.length, ...keys, ...values)))
      } catch {
        return alone.take(wanted)
      }
    },
    async slowDown(endpoint) {
      await alone.slowDown(endpoint)
      const key = keyOf(endpoint === null ? 'held' : `held:${endpoint}`)
      await reach.ask(() => redis.set(key, '1', 'PX', SLOW_DOWN_MS)).catch(() => undefined)
    },
  }
}

/**
 * The same as in memory: the first time at which one more call keeps every pace of both lines. The lines are lists of
 * milliseconds, in order; they end by themselves.
 */
const takePlace = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limits = cjson.decode(ARGV[1])
local longest = tonumber(ARGV[2])
local slot = now + math.max(0, redis.call('PTTL', KEYS[3]), redis.call('PTTL', KEYS[4]))
local lines = {}
local keep = 0
for i = 1, 2 do
  for _, pace in ipairs(limits[i]) do keep = math.max(keep, pace.withinMs) end
end
for i = 1, 2 do
  lines[i] = {}
  for _, at in ipairs(cjson.decode(redis.call('GET', KEYS[i]) or '[]')) do
    if at > now - keep then table.insert(lines[i], at) end
  end
end
local before
repeat
  before = slot
  for i = 1, 2 do
    local line = lines[i]
    for _, pace in ipairs(limits[i]) do
      for index, first in ipairs(line) do
        local last = line[index + pace.most - 1]
        if last and last - pace.withinMs < slot and slot < first + pace.withinMs then slot = first + pace.withinMs end
      end
    end
  end
until slot == before
if longest >= 0 and slot - now > longest then return {0, slot - now} end
for i = 1, 2 do
  local line = lines[i]
  local place = #line + 1
  while place > 1 and line[place - 1] > slot do place = place - 1 end
  table.insert(line, place, slot)
  redis.call('SET', KEYS[i], cjson.encode(line), 'PX', line[#line] - now + keep)
end
return {1, slot - now}
`

function placeOf(answer: unknown): CallPlace {
  const [granted, waitMs] = Array.isArray(answer) ? answer : []
  if (typeof granted !== 'number' || typeof waitMs !== 'number') throw new TypeError('Redis ran another script')
  return { granted: granted === 1, waitMs }
}
