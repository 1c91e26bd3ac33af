import type { Florin } from '@florin/core'
import { createApp, jwtAuthenticator } from '@florin/http-hono'
import { Hono } from 'hono'

/** A Hono app of one's own, with all of Florin's API beside its pages. */
export function createHost(florin: Florin, jwtSecret: string): Hono {
  const host = new Hono()
  host.get('/', (c) => c.text('a shop'))
  host.route('/billing', createApp(florin, { auth: jwtAuthenticator({ secret: jwtSecret }) }))
  return host
}
