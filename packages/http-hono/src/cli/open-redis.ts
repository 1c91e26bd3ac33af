import { once } from 'node:events'
import { redisRateLimiter } from '@florin/adapter-redis'
import type { RateLimiter } from '@florin/core'
import { Cluster, Redis } from 'ioredis'
import type { Logger } from '../logger.ts'
import { redisTls, withoutTls13 } from './connection-tls.ts'
import type { Config } from './variables.ts'

const CONNECT_MS = 2000

/**
 * Connects to Redis, or goes on without after two seconds: the server works without it, and it may come later. `onLost` is
 * told what is wrong with the connection at each attempt.
 */
export async function openRedis(
  config: Config,
  logger: Logger,
  onLost?: (error: unknown) => void,
): Promise<Redis | Cluster> {
  const redis = clientOf(config)
  // Of one that cannot be reached the client rejects with less than what it told before.
  let told: unknown
  // The client says so at each attempt; what it means is told once, by the limiter.
  redis.on('error', (error) => {
    told = error
    onLost?.(error)
    logger.debug({ err: error }, 'Redis')
  })
  const late = AbortSignal.timeout(CONNECT_MS)
  const silent = once(late, 'abort').then(() => {
    throw new Error(`nothing came within ${CONNECT_MS / 1000} s`)
  })
  await Promise.race([redis.connect(), silent]).catch((error: unknown) => {
    // One that takes connections and says nothing has told of no error: a firewall, or TLS where none is spoken.
    if (told === undefined) onLost?.(error)
    const why = withoutTls13(told, 'REDIS_TLS') ?? 'Redis does not answer'
    logger.warn({ err: told ?? error }, `${why}: going on without it`)
  })
  return redis
}

/** Whether a Redis may only read: after a failover the name leads to another one, which only a new connection finds. */
const isDemoted = ({ message }: Error): boolean => message.startsWith('READONLY')

function clientOf(config: Config): Redis | Cluster {
  const { REDIS_URL: url, REDIS_CLUSTER_NODES: nodes, REDIS_PASSWORD: password } = config
  const tls = redisTls(config)
  const server = {
    ...{ maxRetriesPerRequest: 0, connectTimeout: CONNECT_MS, reconnectOnError: isDemoted },
    ...(password && { password }),
    ...(tls && { tls }),
  }
  // A command that cannot be sent now fails now: the limiter counts in memory then, and no queue grows meanwhile.
  const options = { enableOfflineQueue: false, lazyConnect: true }
  const retryStrategy = (attempt: number) => Math.min(attempt * 100, 2000)
  if (nodes) return new Cluster([...nodes], { ...options, clusterRetryStrategy: retryStrategy, redisOptions: server })
  const single = { ...server, ...options, retryStrategy }
  return url === undefined
    ? new Redis({ host: config.REDIS_HOST, port: config.REDIS_PORT, ...single })
    : new Redis(url, single)
}

/** Counts in Redis under a name, which no other limiter may have. Each process counts alone while Redis is lost. */
export function redisLimiter(
  redis: Redis | Cluster,
  logger: Logger,
  { name, ...limit }: { name: string; points: number; windowSeconds: number },
): RateLimiter {
  return redisRateLimiter({
    ...{ redis, ...limit, prefix: `florin:limit:${name}` },
    onLost: (reason) =>
      logger.warn({ limiter: name, err: reason }, 'Redis is lost: this process counts requests alone'),
    onBack: () => logger.info({ limiter: name }, 'Redis is back: all processes count requests together'),
  })
}
