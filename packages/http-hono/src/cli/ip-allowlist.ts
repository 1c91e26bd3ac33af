import { BlockList, isIP } from 'node:net'
import { RefusedError } from '@florin/core'
import { Hono } from 'hono'
import { layered } from '../layered.ts'
import type { Logger } from '../logger.ts'
import { answerErrors } from '../middleware/answer-errors.ts'
import type { ClientAddress } from '../middleware/rate-limit.ts'
import { requestId } from '../middleware/request-id.ts'
import { securityHeaders } from '../middleware/security-headers.ts'
import type { HttpEnv } from '../request-state.ts'
import type { Fetch } from './listen.ts'

/** What anybody may reach: Stripe's webhooks, which are signed, and the probes, which tell nothing. */
const open = /^\/(api\/v1\/webhooks\/stripe|health(\/\w+)?)$/

/** Lets only the given addresses and ranges through to an app. */
export function onlyFrom(
  ranges: readonly string[],
  fetch: Fetch,
  { clientAddress, logger }: { clientAddress: ClientAddress; logger: Logger },
): Fetch {
  const allowed = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = familyOf(address)
    if (bits === undefined) allowed.addAddress(address, family)
    else allowed.addSubnet(address, Number(bits), family)
  }
  const app = new Hono<HttpEnv>()
  const refusable = layered([requestId('unmatched'), securityHeaders, answerErrors(logger)], (c) => {
    const address = clientAddress(c)
    const admitted = open.test(c.req.path) || (isIP(address) !== 0 && allowed.check(address, familyOf(address)))
    if (!admitted) {
      logger.warn(
        { request_id: c.get('florin').requestId, address },
        'an address that is not in IP_ALLOWLIST was refused',
      )
      throw new RefusedError('forbidden', 'this address may not call the API')
    }
    if (!isConnection(c.env)) throw new TypeError('an allowlist needs a server that tells where requests come from')
    return fetch(c.req.raw, c.env)
  })
  app.all('*', refusable)
  return (request, env) => app.fetch(request, env)
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const isConnection = (env: unknown): env is Parameters<Fetch>[1] =>
  typeof env === 'object' && env !== null && 'incoming' in env && 'outgoing' in env
