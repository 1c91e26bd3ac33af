import { RefusedError } from '@florin/core'
import { timingSafeEqual } from 'hono/utils/buffer'
import { z } from 'zod'
import { answerJson, answerText } from '../answer.ts'
import type { OpenApiDocument } from '../docs/openapi-document.ts'
import { referencePage } from '../docs/reference-page.ts'
import type { Endpoint, Handle } from '../endpoint.ts'
import { type HealthOptions, healthReader } from '../health.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { TakeFromBucket } from '../middleware/rate-limit.ts'
import type { GatewayCallSeen } from '../watch-gateway.ts'

const state = z.enum(['healthy', 'unhealthy'])
const healthBody = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']),
    checks: z
      .record(z.string(), state)
      .optional()
      .meta({ description: 'What was checked, where something is lost or `verbose` asks.' }),
    last_gateway_call: z
      .object({ outcome: z.string(), seconds_ago: z.int() })
      .nullable()
      .optional()
      .meta({ description: 'Where `verbose` asks: what became of the latest call of Stripe; null before the first.' }),
  })
  .meta({ id: 'Health', example: { status: 'healthy' } })

type SystemDocument = Omit<Endpoint['document'], 'tag' | 'problems'> & Partial<Pick<Endpoint['document'], 'problems'>>

const system = (document: SystemDocument, handle: Handle): Endpoint => ({
  kind: 'system',
  document: { problems: [], ...document, tag: 'System' },
  handle: () => handle,
})

/** `/health` and its two halves, as Kubernetes asks for them: is the process alive, and may it be sent requests. */
export function healthEndpoints(options: HealthOptions, logger: Logger | undefined) {
  const readHealth = healthReader(options, logger)
  const answer =
    (stopping: () => boolean): Handle =>
    async (c) => {
      if (stopping()) return answerJson(c, 503, { status: 'unhealthy', checks: { server: 'unhealthy' } })
      const { status, checks } = await readHealth()
      const verbose = c.req.query('verbose') !== undefined
      const body = {
        status,
        ...((verbose || status !== 'healthy') && { checks }),
        ...(verbose && options.lastGatewayCall && { last_gateway_call: shownCall(options.lastGatewayCall()) }),
      }
      return answerJson(c, status === 'unhealthy' ? 503 : 200, body)
    }
  const query = z.object({ verbose: z.string().optional().meta({ description: 'Tells every check.', example: '' }) })
  const success = { status: 200, schema: healthBody }
  const otherwise = { status: 503, description: 'Something that it cannot do without is lost.', schema: healthBody }
  return {
    health: system(
      { name: 'getHealth', summary: 'Whether the service works', query, success, otherwise },
      answer(() => false),
    ),
    ready: system(
      { name: 'getReadiness', summary: 'Whether it may be sent requests', query, success, otherwise },
      answer(options.isStopping ?? (() => false)),
    ),
    live: system({ name: 'getLiveness', summary: 'Whether the process answers at all', success }, (c) =>
      answerJson(c, 200, { status: 'healthy' }),
    ),
  }
}

const shownCall = (call: GatewayCallSeen | undefined) =>
  call ? { outcome: call.outcome, seconds_ago: call.secondsAgo } : null

/** `/metrics`, for the holder of the token where there is one. */
export function metricsEndpoint(
  metrics: Metrics,
  token: string | undefined,
  countFailure: TakeFromBucket | undefined,
): Endpoint {
  const document = {
    name: 'getMetrics',
    summary: "Prometheus's metrics",
    success: { status: 200, schema: z.string(), contentType: 'text/plain' },
    ...(token !== undefined && { problems: ['unauthenticated', 'rate_limited'] as const }),
  }
  return system(document, async (c) => {
    if (token !== undefined) {
      const given = c.req.header('authorization')?.replace(/^Bearer +/i, '') ?? ''
      const right = await timingSafeEqual(given, token)
      if (!right) {
        await countFailure?.(c)
        throw new RefusedError('unauthenticated', 'the metrics need their token')
      }
    }
    return answerText(c, 200, await metrics.text(), metrics.contentType)
  })
}

/** The OpenAPI document, and a page that shows it without a network. */
export function docsEndpoints(documentAt: (base: string) => OpenApiDocument) {
  // Made once for each place where the app is mounted; it is the same for all requests.
  const made = new Map<string, { readonly json: OpenApiDocument; readonly page: string }>()
  const at = async (base: string) => {
    const known = made.get(base)
    if (known) return known
    const json = documentAt(base)
    const fresh = { json, page: await referencePage(json) }
    // A host may mount the app under a pattern, so that callers choose the base.
    if (made.size < 10) made.set(base, fresh)
    return fresh
  }
  const html = { status: 200, schema: z.string(), contentType: 'text/html' }
  const json = { status: 200, schema: z.looseObject({ openapi: z.string() }) }
  return {
    document: system({ name: 'getOpenApi', summary: 'This reference as OpenAPI 3.1', success: json }, async (c) => {
      const { json } = await at(c.req.path.slice(0, -'/openapi.json'.length))
      return answerJson(c, 200, json)
    }),
    page: system({ name: 'getDocs', summary: 'This reference as a page', success: html }, async (c) => {
      const { page } = await at(c.req.path.slice(0, -'/docs'.length))
      c.get('florin').headers['Content-Security-Policy'] = pagePolicy
      return answerText(c, 200, page, 'text/html; charset=utf-8')
    }),
  }
}

const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
