import type { Florin } from '@florin/core'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Authenticator } from './auth.ts'
import { describeEndpoint, describeShared } from './docs/describe-endpoint.ts'
import { openApiDocument } from './docs/openapi-document.ts'
import type { Endpoint } from './endpoint.ts'
import { errorResponse } from './error-response.ts'
import type { HealthOptions } from './health.ts'
import { HttpError } from './http-error.ts'
import { layered } from './layered.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import { accessLog } from './middleware/access-log.ts'
import { answerErrors } from './middleware/answer-errors.ts'
import { answerWithin } from './middleware/answer-within.ts'
import { authenticate } from './middleware/authenticate.ts'
import { bodyLimit } from './middleware/body-limit.ts'
import { crossOrigin } from './middleware/cross-origin.ts'
import { type Bucket, bucket, type RateLimitOptions, rateLimit, type TakeFromBucket } from './middleware/rate-limit.ts'
import { recordMetrics } from './middleware/record-metrics.ts'
import { requestId } from './middleware/request-id.ts'
import { securityHeaders } from './middleware/security-headers.ts'
import type { HttpEnv, HttpMiddleware } from './request-state.ts'
import * as auditLog from './routes/audit-log.ts'
import * as billingPortalSessions from './routes/billing-portal-sessions.ts'
import * as checkoutSessions from './routes/checkout-sessions.ts'
import * as disputes from './routes/disputes.ts'
import * as invoices from './routes/invoices.ts'
import * as paymentMethods from './routes/payment-methods.ts'
import * as payments from './routes/payments.ts'
import * as refunds from './routes/refunds.ts'
import * as subscriptions from './routes/subscriptions.ts'
import { docsEndpoints, healthEndpoints, metricsEndpoint } from './routes/system.ts'
import * as webhookEvents from './routes/webhook-events.ts'
import * as webhooks from './routes/webhooks.ts'
import type { Tracing } from './tracing.ts'

export interface AppOptions {
  /** Finds out who asks, e.g. `jwtAuthenticator({ secret })`. */
  readonly auth: Authenticator
  readonly logger?: Logger
  /** Counts requests, and shows what was counted at `/metrics`. */
  readonly metrics?: Metrics
  /** Guards `/metrics`. */
  readonly metricsToken?: string
  /** No limit where absent. */
  readonly rateLimit?: RateLimitOptions
  /** What `/health` checks; nothing where absent. */
  readonly health?: HealthOptions
  /** Origins whose browsers may call the API. None where absent. */
  readonly corsOrigins?: readonly string[]
  /** The largest body of a request. Default 256 KiB. A webhook's may have 1 MiB, whatever is said here. */
  readonly bodyLimitBytes?: number
  /** How long an operation's caller is kept waiting, in milliseconds: what was begun goes on. Default 30 s. */
  readonly answerWithinMs?: number
  /** Makes a span of every request; see `tracing`. */
  readonly tracing?: Pick<Tracing, 'middleware'>
  /** Where a request's id comes in and goes out. Default `X-Request-Id`. */
  readonly requestIdHeader?: string
  /** Whether `/openapi.json` and `/docs` are served. Default true. */
  readonly docs?: boolean
  /** The version that the reference names. */
  readonly version?: string
}

type Method = 'get' | 'post' | 'patch' | 'delete'
export type Route = readonly [method: Method, path: string, endpoint: Endpoint]

/** Every route of the API. */
export const apiRoutes: readonly Route[] = [
  ['post', '/api/v1/payments', payments.create],
  ['get', '/api/v1/payments/{id}', payments.get],
  ['get', '/api/v1/users/{user_id}/payments', payments.listOfUser],
  ['post', '/api/v1/payments/{id}/confirm', payments.confirm],
  ['post', '/api/v1/payments/{id}/capture', payments.capture],
  ['post', '/api/v1/payments/{id}/cancel', payments.cancel],

  ['post', '/api/v1/refunds', refunds.create],
  ['get', '/api/v1/refunds/{id}', refunds.get],
  ['get', '/api/v1/payments/{id}/refunds', refunds.listOfPayment],

  ['get', '/api/v1/disputes/{id}', disputes.get],
  ['get', '/api/v1/payments/{id}/disputes', disputes.listOfPayment],

  ['post', '/api/v1/payment-methods', paymentMethods.attach],
  ['post', '/api/v1/payment-methods/setup', paymentMethods.setUp],
  ['post', '/api/v1/payment-methods/{id}/default', paymentMethods.setDefault],
  ['delete', '/api/v1/payment-methods/{id}', paymentMethods.detach],
  ['get', '/api/v1/users/{user_id}/payment-methods', paymentMethods.listOfUser],

  ['post', '/api/v1/subscriptions', subscriptions.create],
  ['get', '/api/v1/subscriptions/{id}', subscriptions.get],
  ['get', '/api/v1/users/{user_id}/subscriptions', subscriptions.listOfUser],
  ['patch', '/api/v1/subscriptions/{id}', subscriptions.update],
  ['post', '/api/v1/subscriptions/{id}/resume', subscriptions.resume],
  ['delete', '/api/v1/subscriptions/{id}', subscriptions.cancel],

  ['get', '/api/v1/invoices/{id}', invoices.get],
  ['get', '/api/v1/users/{user_id}/invoices', invoices.listOfUser],
  ['get', '/api/v1/subscriptions/{subscription_id}/invoices', invoices.listOfSubscription],

  ['post', '/api/v1/checkout-sessions', checkoutSessions.create],
  ['post', '/api/v1/billing-portal-sessions', billingPortalSessions.create],

  ['post', '/api/v1/webhooks/stripe', webhooks.stripe],
  ['get', '/api/v1/webhook-events', webhookEvents.list],
  ['get', '/api/v1/webhook-events/{id}', webhookEvents.get],
  ['post', '/api/v1/webhook-events/{id}/replay', webhookEvents.replay],

  ['get', '/api/v1/audit-log', auditLog.list],
]

/**
 * Florin over HTTP, as a Hono app: serve it, or mount it in one of your own with `host.route('/', createApp(…))`.
 * Everything that it adds to a request belongs to its own routes, so a host's other routes are left alone.
 */
export function createApp(florin: Florin, options: AppOptions): OpenAPIHono<HttpEnv> {
  const { logger, metrics, metricsToken, health = { checks: {} }, docs = true, version = '1.0.0' } = options
  const app = new OpenAPIHono<HttpEnv>()
  app.onError((error, c) => errorResponse(c, error, logger))

  const { health: overall, live, ready } = healthEndpoints(health, logger)
  const document = (base: string) => openApiDocument(app, version, base)
  const reference = docsEndpoints(document)
  const routes: readonly Route[] = [
    ...apiRoutes,
    ['get', '/health', overall],
    ['get', '/health/live', live],
    ['get', '/health/ready', ready],
    ...(metrics
      ? [['get', '/metrics', metricsEndpoint(metrics, metricsToken, bucketOf('failures', options))] as const]
      : []),
    ...(docs ? [['get', '/openapi.json', reference.document] as const, ['get', '/docs', reference.page] as const] : []),
  ]

  describeShared(app.openAPIRegistry)
  for (const [method, path, endpoint] of routes) {
    app.openAPIRegistry.registerPath(describeEndpoint(method, path, endpoint))
  }
  for (const path of new Set(routes.map(([, path]) => path))) {
    const pattern = honoPath(path)
    const answers = new Map(
      routes
        .filter(([, other]) => other === path)
        .map(([method, , { kind, document, handle }]) => [
          method.toUpperCase(),
          layered(before(pattern, kind, options, document.path), handle(florin)),
        ]),
    )
    const allowed = [...answers.keys()].join(', ')
    const refuse = layered(before(pattern, 'system', options), () => {
      throw new HttpError('method_not_allowed', `this path takes ${allowed}`, { headers: { Allow: allowed } })
    })
    // One route for all methods of a path: where Hono finds two, it chains them anew for every request.
    app.all(pattern, (c) => (answers.get(answeredAs(c.req.method)) ?? refuse)(c))
  }
  app.notFound(
    layered(before(UNMATCHED, 'system', options), () => {
      throw new HttpError('route_not_found', `there is no such route${docs ? ': see /docs' : ''}`)
    }),
  )
  return app
}

/** Whoever asks for the head alone is answered by what would answer it whole; Hono leaves out the body. */
const answeredAs = (method: string) => (method === 'HEAD' ? 'GET' : method)

/** The route of requests that no route has. */
const UNMATCHED = 'unmatched'

/** Room for all that a payment may say, also where each character of its metadata is written as `\u5b57`. */
const REQUEST_LIMIT_BYTES = 262_144
/** An event of Stripe's holds a whole invoice with all its lines. */
const WEBHOOK_LIMIT_BYTES = 1_048_576

const honoPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1')

/** What happens to a request before its endpoint sees it, outermost first. */
function before(
  route: string,
  kind: Endpoint['kind'],
  options: AppOptions,
  path?: Endpoint['document']['path'],
): readonly HttpMiddleware[] {
  const { auth, logger, metrics, corsOrigins, requestIdHeader, bodyLimitBytes = REQUEST_LIMIT_BYTES } = options
  const { answerWithinMs = 30_000 } = options
  const counted = kind === 'system' ? undefined : bucketOf(kind === 'webhook' ? 'webhooks' : 'api', options)
  return [
    requestId(route, requestIdHeader),
    ...(options.tracing ? [options.tracing.middleware] : []),
    securityHeaders,
    ...(corsOrigins?.length ? [crossOrigin(corsOrigins)] : []),
    ...(metrics ? [recordMetrics(metrics, { countProblems: kind === 'operation' })] : []),
    ...(logger ? [accessLog(logger, kind === 'system' && route !== UNMATCHED ? 'debug' : 'info', path)] : []),
    answerErrors(logger),
    ...(counted ? [rateLimit(counted)] : []),
    ...(kind === 'operation' || kind === 'webhook'
      ? [bodyLimit(kind === 'webhook' ? WEBHOOK_LIMIT_BYTES : bodyLimitBytes)]
      : []),
    ...(kind === 'operation' || kind === 'read' ? [authenticate(auth, bucketOf('failures', options))] : []),
    ...(kind === 'operation' ? [answerWithin(answerWithinMs)] : []),
  ]
}

function bucketOf(name: Bucket['name'], { rateLimit: limits, metrics }: AppOptions): TakeFromBucket | undefined {
  if (!limits) return undefined
  const limiter = { api: limits.limiter, webhooks: limits.webhookLimiter, failures: limits.failureLimiter }[name]
  const limited = () => metrics?.requestLimited()
  return limiter && bucket({ name, limiter, clientAddress: limits.clientAddress, limited })
}
