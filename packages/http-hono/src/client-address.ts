import { getConnInfo } from '@hono/node-server/conninfo'
import { ipAddress } from './ip-address.ts'
import type { ClientAddress } from './middleware/rate-limit.ts'

/**
 * The address of the client, under `@hono/node-server`.
 *
 * Behind proxies the connection's address is the last proxy's. `trustedProxies` says how many there are: that many
 * entries at the end of `X-Forwarded-For` were written by them, and what stands before is the client's own invention. A
 * request with fewer entries did not come through all of them; who sent it could have written what there is, so it counts
 * as the connection's.
 */
export function clientAddress({ trustedProxies = 0 }: { trustedProxies?: number } = {}): ClientAddress {
  return (c) => {
    if (trustedProxies > 0) {
      const written = (c.req.header('x-forwarded-for') ?? '').split(',').at(-trustedProxies)
      const client = written === undefined ? undefined : ipAddress(written)
      if (client !== undefined) return client
    }
    const { address } = getConnInfo(c).remote
    return (address === undefined ? undefined : ipAddress(address)) ?? 'unknown'
  }
}
