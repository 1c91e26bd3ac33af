import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { Redis } from 'ioredis'

/** What a handler is told of a request, and what it answers. */
export interface Asked {
  readonly body: string
  readonly headers: IncomingMessage['headers']
}
export interface Answered {
  readonly status: number
  readonly body: string
  readonly objectId: string | null
}

const redis = new Redis(process.env.REDIS_URL ?? '')
const counts = new Map<string, number>()
const remaining = new Map<string, number>()
const LIMIT = 1_000_000
const SHARE = LIMIT / 100
let lines = ''
setInterval(() => {
  if (lines !== '') process.stdout.write(lines)
  lines = ''
}, 100)

/** Counts a request of an address in Redis, a hundredth of the limit at a time. */
async function count(address: string): Promise<number> {
  const left = remaining.get(address) ?? 0
  if (left === 0 && (await redis.incrby(`limit:${address}`, SHARE)) > LIMIT) throw new Error('too many requests')
  const now = (left === 0 ? SHARE : left) - 1
  remaining.set(address, now)
  return now
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part
    })
    request.once('end', () => resolve(body)).once('error', reject)
  })
}

/** Serves a route with what Florin's server has around its own: limits in Redis, headers, a log line, metrics. */
export function serve(route: string, handle: (asked: Asked) => Promise<Answered>): void {
  const server = createServer(async (request, response) => {
    const began = performance.now()
    const requestId = randomUUID()
    const left = await count(String(request.headers['x-forwarded-for']))
    const { status, body, objectId } = await handle({ body: await bodyOf(request), headers: request.headers })
    response.writeHead(status, {
      ...{ 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), 'X-Request-Id': requestId },
      ...{ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY' },
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      ...{ 'Cross-Origin-Resource-Policy': 'same-origin', 'Referrer-Policy': 'no-referrer' },
      'Strict-Transport-Security': 'max-age=31536000',
      ...{ 'RateLimit-Policy': `"api";q=${LIMIT}`, RateLimit: `"api";r=${left};t=60` },
    })
    response.end(body)
    const milliseconds = performance.now() - began
    for (const name of [`${route} ${status}`, `${route} le ${milliseconds < 25 ? 25 : 250}`]) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    const told = { request_id: requestId, route, status, duration_ms: milliseconds, object_id: objectId }
    lines += `${JSON.stringify({ level: 'INFO', time: new Date().toISOString(), ...told, message: 'request' })}\n`
  })
  server.keepAliveTimeout = 75_000
  server.listen(Number(process.env.PORT), '127.0.0.1')
}

const secret = process.env.WEBHOOK_SECRET ?? ''
const actors = new Map<string, string>()

/** Who asks. A token is verified once and remembered. */
export function actorOf({ headers: { authorization = '' } }: Asked): string {
  const known = actors.get(authorization)
  if (known !== undefined) return known
  const [head, payload, signature] = authorization.slice('Bearer '.length).split('.')
  const expected = createHmac('sha256', process.env.JWT_SECRET ?? '')
    .update(`${head}.${payload}`)
    .digest('base64url')
  if (signature !== expected) throw new Error('no genuine token')
  const { sub } = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())
  actors.set(authorization, sub)
  return sub
}

/** Refuses what Stripe did not sign. */
export function verifySignature({ headers, body }: Asked): void {
  const parts = new Map(
    String(headers['stripe-signature'])
      .split(',')
      .map((part) => part.split('=') as [string, string]),
  )
  const signed = createHmac('sha256', secret)
    .update(`${parts.get('t')}.${body}`)
    .digest()
  if (!timingSafeEqual(signed, Buffer.from(parts.get('v1') ?? '', 'hex'))) throw new Error('not signed by Stripe')
}
