import { inject } from 'vitest'

/**
 * The Redis that tests share, as a database that only this worker uses: servers that are started count requests and calls
 * under names that are the same for all of them.
 */
export function ownRedis(): string {
  const url = new URL(inject('redisUrl'))
  url.pathname = `/${Number(process.env.VITEST_POOL_ID) % 16}`
  return url.href
}
