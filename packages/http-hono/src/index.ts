export { type AppOptions, apiRoutes, createApp, type Route } from './app.ts'
export {
  type Authenticator,
  type JwksOptions,
  type JwtOptions,
  jwksAuthenticator,
  jwtAuthenticator,
  type PublicKeyAlgorithm,
} from './auth.ts'
export { clientAddress } from './client-address.ts'
export type { Endpoint, EndpointDocument, Handle } from './endpoint.ts'
export { type ProblemCode, statusOf } from './error-response.ts'
export type { Health, HealthCheck, HealthOptions } from './health.ts'
export { HttpError, type HttpErrorCode } from './http-error.ts'
export { createLogger, describeError, type Logger, type LoggerOptions } from './logger.ts'
export { createMetrics, type Metrics, metricsObserver } from './metrics.ts'
export type { ClientAddress, RateLimitOptions } from './middleware/rate-limit.ts'
export type { HttpContext, HttpEnv, RequestState } from './request-state.ts'
export { type OpenTelemetry, type Tracing, tracing } from './tracing.ts'
export { type GatewayCallSeen, gatewayWatch } from './watch-gateway.ts'
export { storageWatch } from './watch-storage.ts'
