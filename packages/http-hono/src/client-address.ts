import { getConnInfo } from '@hono/node-server/conninfo'
import type { ClientAddress } from './middleware/rate-limit.ts'

/**
 * The address of the client, under `@hono/node-server`.
 *
 * Behind proxies the socket's address is the last proxy's. `trustedProxies` says how many there are: that many entries
 * at the end of `X-Forwarded-For` were written by them, and what stands before is the client's own invention.
 */
export function clientAddress({ trustedProxies = 0 }: { trustedProxies?: number } = {}): ClientAddress {
  return (c) => {
    if (trustedProxies > 0) {
      const chain = (c.req.header('x-forwarded-for') ?? '').split(',').map((address) => address.trim())
      const client = chain.at(-trustedProxies) ?? chain[0]
      if (client) return client
    }
    return getConnInfo(c).remote.address ?? 'unknown'
  }
}
