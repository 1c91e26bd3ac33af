import type { AuditSealer } from '@florin/adapter-postgres'
import { createFlorin, type Florin, type FlorinOptions, type RateLimiter, webhookSender } from '@florin/core'
import { createApp } from '../app.ts'
import type { Authenticator } from '../auth.ts'
import { clientAddress } from '../client-address.ts'
import type { HealthOptions } from '../health.ts'
import type { Logger } from '../logger.ts'
import { createMetrics, type Metrics, metricsObserver } from '../metrics.ts'
import type { RateLimitOptions } from '../middleware/rate-limit.ts'
import type { Tracing } from '../tracing.ts'
import { gatewayWatch } from '../watch-gateway.ts'
import { storageWatch } from '../watch-storage.ts'
import { type BackgroundWork, backgroundWork, catchingUp, sealing } from './background-work.ts'
import { onlyFrom } from './ip-allowlist.ts'
import type { Fetch } from './listen.ts'
import { allObservers, loggingObserver } from './log-happenings.ts'
import type { Config } from './variables.ts'

/** What the two modes fill differently. */
export interface AppParts
  extends Pick<
    FlorinOptions,
    'storage' | 'readStorage' | 'retention' | 'gateway' | 'cipher' | 'runtime' | 'settings' | 'callBudget'
  > {
  readonly config: Config
  readonly logger: Logger
  readonly auth: Authenticator
  readonly health: HealthOptions
  readonly limiters: Limiters | undefined
  readonly metrics?: Metrics
  readonly auditSealer?: AuditSealer | undefined
  readonly tracing?: Tracing | undefined
  /** How often events are read that no webhook told of; 0 for never. */
  readonly reconcileEveryMs?: number | undefined
}

export type Limiters = Omit<RateLimitOptions, 'clientAddress'>

/** Florin and its HTTP face, from parts that are already open. */
export interface ComposedApp {
  /** For a server: with `IP_ALLOWLIST`. */
  readonly fetch: Fetch
  /** For webhooks that come from inside of the process, over no connection. */
  readonly deliver: (request: Request) => Response | Promise<Response>
  readonly background: BackgroundWork
  readonly florin: Florin
}

/** Puts open parts together and starts nothing: the caller starts and stops `background`, and closes what it opened. */
export function composeApp(given: AppParts): ComposedApp {
  const {
    config,
    logger,
    auth,
    health,
    limiters,
    metrics,
    tracing,
    auditSealer,
    reconcileEveryMs = 0,
    ...parts
  } = given
  const counted = metrics ?? createMetrics()
  const gateway = gatewayWatch()
  const writes = storageWatch(tracing?.storage(parts.storage) ?? parts.storage)
  const observer = allObservers(metricsObserver(counted), loggingObserver(logger), gateway.observer)
  const florin = createFlorin({
    ...{ ...parts, storage: writes.storage, observer },
    gateway: tracing?.gateway(parts.gateway) ?? parts.gateway,
  })
  const { EVENT_WEBHOOK_URLS: urls, EVENT_WEBHOOK_SECRET: secret = [] } = config
  if (urls.length > 0) florin.on('*', webhookSender({ endpoints: urls.map((url) => ({ url, secret })) }))
  const address = clientAddress({ trustedProxies: config.TRUST_PROXY })
  const app = createApp(florin, {
    ...{ auth, logger, metrics: counted, corsOrigins: config.CORS_ORIGINS },
    health: {
      ...{ ...health, checks: { ...health.checks, writes: writes.check, gateway: gateway.check } },
      lastGatewayCall: gateway.lastGatewayCall,
    },
    ...(tracing && { tracing }),
    ...(config.METRICS_TOKEN !== undefined && { metricsToken: config.METRICS_TOKEN }),
    ...(limiters && { rateLimit: { ...limiters, clientAddress: address } }),
  })
  const fetch: Fetch = (request, env) => app.fetch(request, env)
  const ranges = config.IP_ALLOWLIST
  const more = [
    ...(auditSealer ? [sealing(auditSealer, logger)] : []),
    ...(reconcileEveryMs ? [catchingUp(florin, reconcileEveryMs, logger)] : []),
  ]
  return {
    fetch: ranges.length > 0 ? onlyFrom(ranges, fetch, { clientAddress: address, logger }) : fetch,
    deliver: (request) => app.fetch(request),
    florin,
    background: backgroundWork(florin, logger, more, { metrics: counted, tracing }),
  }
}

/** Florin's own rules, as far as they were configured. */
export function rulesOf(config: Config): NonNullable<FlorinOptions['settings']> {
  return {
    installation: config.FLORIN_INSTALLATION,
    userSetsAmount: config.USER_SETS_AMOUNT,
    autoRefundDuplicates: config.AUTO_REFUND_DUPLICATES,
    ...(config.SUBSCRIBABLE_PRICES && { subscribablePrices: config.SUBSCRIBABLE_PRICES }),
    ...(config.REQUIRE_IDEMPOTENCY_KEY !== undefined && { requireIdempotencyKey: config.REQUIRE_IDEMPOTENCY_KEY }),
    ...(config.PAYMENT_RECOVERY_WINDOW !== undefined && { paymentRecoveryWindowMs: config.PAYMENT_RECOVERY_WINDOW }),
    ...retentionOf(config),
    ...(config.IDEMPOTENCY_KEY_TTL !== undefined && { idempotencyKeyMs: config.IDEMPOTENCY_KEY_TTL }),
    ...(config.SWEEP_AFTER !== undefined && { sweepAfterMs: config.SWEEP_AFTER }),
    ...(config.USER_ID_PATTERN && { userIdPattern: config.USER_ID_PATTERN }),
  }
}

/** How long what is done with is kept, as far as it was configured. */
export function retentionOf(config: Config): NonNullable<FlorinOptions['settings']> {
  return {
    ...(config.WEBHOOK_RETENTION !== undefined && { webhookEventRetentionMs: config.WEBHOOK_RETENTION }),
    ...(config.PAYLOAD_RETENTION !== undefined && { payloadRetentionMs: config.PAYLOAD_RETENTION }),
    ...(config.OPERATION_RETENTION !== undefined && { operationRetentionMs: config.OPERATION_RETENTION }),
    ...(config.EVENT_DATA_RETENTION !== undefined && { eventDataRetentionMs: config.EVENT_DATA_RETENTION }),
  }
}

/** Makes the limiters, or none where `RATE_LIMIT_PER_MINUTE` is 0. */
export function limitersOf(
  config: Config,
  make: (limit: { name: string; points: number; windowSeconds: number }) => RateLimiter,
): Required<Limiters> | undefined {
  const points = config.RATE_LIMIT_PER_MINUTE
  if (points === 0) return undefined
  return {
    limiter: make({ name: 'api', points, windowSeconds: 60 }),
    // Stripe sends from few addresses and in bursts.
    webhookLimiter: make({ name: 'webhooks', points: points * 60, windowSeconds: 60 }),
    failureLimiter: make({ name: 'failures', points: Math.ceil(points / 10), windowSeconds: 60 }),
  }
}
