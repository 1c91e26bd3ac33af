import { once } from 'node:events'
import { Cluster, type Redis } from 'ioredis'
import { reasonOf } from '../command-error.ts'
import { redisTls, withoutTls13 } from '../connection-tls.ts'
import type { Config } from '../variables.ts'
import { type Finding, fail, isHere, pass, warn } from './finding.ts'

const ANSWER_MS = 5000

/** What Redis tells of itself; of a cluster, one of its masters. `lost` is what was last wrong with the connection. */
export async function redisFindings(
  redis: Redis | Cluster,
  config: Config,
  lost: unknown,
): Promise<readonly Finding[]> {
  const node = redis instanceof Cluster ? redis.nodes('master')[0] : redis
  try {
    if (!node) throw new Error('the cluster has no master')
    // One that hangs would keep the whole list back.
    const late = once(AbortSignal.timeout(ANSWER_MS), 'abort').then(() => {
      throw new Error(`nothing came within ${ANSWER_MS / 1000} s`)
    })
    return await Promise.race([late, lookAt(node, config)])
  } catch (error) {
    // Without a connection a command fails with less than what the connection told.
    const cause = redis.status === 'ready' ? error : (lost ?? error)
    const why = withoutTls13(cause, 'REDIS_TLS') ?? reasonOf(ofNode(cause))
    const says = `does not answer: ${why}; each server then counts requests and calls alone`
    return [warn('Redis', says, 'start it, and check REDIS_URL or the other REDIS_ settings')]
  }
}

async function lookAt(node: Redis, config: Config): Promise<readonly Finding[]> {
  const server = readInfo(await node.info('server'))
  const kept = readInfo(await node.info('persistence'))
  return [version(server.redis_version), await persistence(node, kept), ...transport(node, config)]
}

/** A cluster that cannot be reached says so in general, and keeps what one of its servers said. */
const ofNode = (error: unknown): unknown =>
  error instanceof Error && 'lastNodeError' in error ? (error.lastNodeError ?? error) : error

const readInfo = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => (/^\w+:/.test(line) ? [line.split(/:(.*)/s).slice(0, 2)] : [])),
  )

function version(number = 'unknown'): Finding {
  const fits = Number(number.split('.')[0]) >= 7
  return fits ? pass('Redis', `version ${number}`) : fail('Redis', `version ${number}`, 'use Redis 7 or newer')
}

async function persistence(redis: Redis, info: Readonly<Record<string, string>>): Promise<Finding> {
  const check = 'Redis persistence'
  if (info.rdb_last_bgsave_status === 'err' || info.aof_last_write_status === 'err')
    return fail(check, 'writing to the disk fails', 'see the log of Redis; its disk may be full')
  if (info.aof_enabled === '1') return pass(check, 'every write is appended to a file')
  // Managed Redis refuses CONFIG, and keeps what it is told to keep.
  const answer: unknown = await redis.config('GET', 'save').catch(() => undefined)
  const schedule = Array.isArray(answer) ? String(answer[1] ?? '') : undefined
  if (schedule === undefined)
    return warn(check, 'cannot be seen: CONFIG is refused', 'turn it on where your provider lets you')
  if (schedule !== '') return pass(check, `snapshots (save ${schedule})`)
  return warn(
    check,
    'is off: a restart forgets how many requests and calls were counted, and nothing of value',
    'set appendonly yes',
  )
}

function transport({ options: { host = 'localhost', password } }: Redis, config: Config): readonly Finding[] {
  if (isHere(host)) return [pass('TLS to Redis', 'none is needed: it is on this machine')]
  return [
    redisTls(config)
      ? pass('TLS to Redis', 'the connection is encrypted, and the certificate was checked')
      : fail('TLS to Redis', `what is written and read goes to ${host} in clear`, 'set REDIS_TLS=true'),
    ...(password ? [] : [fail('Redis password', 'there is none', 'set requirepass, and REDIS_PASSWORD')]),
  ]
}
