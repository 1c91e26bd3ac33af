import type { PaymentGateway, Storage } from '@florin/core'
import { isFlorinError } from '@florin/core'
import type { HttpMiddleware } from './request-state.ts'

/** The part of `@opentelemetry/api` that Florin calls; give the module itself. Without an SDK it does nothing. */
export interface OpenTelemetry {
  readonly trace: { getTracer(name: string): Tracer }
  readonly context: { active(): unknown; with<T>(context: unknown, work: () => T): T }
  readonly propagation: { extract(context: unknown, carrier: unknown): unknown }
}

interface Tracer {
  startActiveSpan<T>(
    name: string,
    options: { kind: number; attributes: Readonly<Record<string, string>> },
    work: (span: Span) => T,
  ): T
}

interface Span {
  setAttribute(name: string, value: string | number): unknown
  setStatus(status: { code: number }): unknown
  end(): void
}

/** Traces of requests and of all that they ask of the storage and the gateway. Attributes never hold an id or an input. */
export interface Tracing {
  storage<S extends Storage>(storage: S): S
  gateway(gateway: PaymentGateway): PaymentGateway
  /** A span around a request, which goes on with the caller's trace (`traceparent`). */
  readonly middleware: HttpMiddleware
  /** A span around a piece of background work. */
  job<T>(name: string, work: () => Promise<T>): Promise<T>
}

const kinds = { internal: 0, server: 1, client: 2 } as const
const ERROR = 2

/**
 * Makes spans with OpenTelemetry.
 *
 * @example
 * import * as api from '@opentelemetry/api'
 * const { storage, gateway, middleware } = tracing(api)
 */
export function tracing({ trace, context, propagation }: OpenTelemetry): Tracing {
  const tracer = trace.getTracer('florin')
  const within = <T>(
    name: string,
    kind: keyof typeof kinds,
    attributes: Readonly<Record<string, string>>,
    work: (span: Span) => Promise<T>,
  ): Promise<T> =>
    tracer.startActiveSpan(name, { kind: kinds[kind], attributes }, async (span) => {
      try {
        return await work(span)
      } catch (error) {
        span.setStatus({ code: ERROR })
        // Not the message: a driver's may quote values.
        span.setAttribute('error.type', isFlorinError(error) ? error.code : 'unexpected')
        throw error
      } finally {
        span.end()
      }
    })
  const ofStorage = { 'db.system.name': 'postgresql' }
  return {
    storage: (storage) => ({
      ...storage,
      load: (query) => within('storage load', 'client', ofStorage, () => storage.load(query)),
      commit: (commit) =>
        within('storage commit', 'client', ofStorage, async (span) => {
          const outcome = await storage.commit(commit)
          span.setAttribute('florin.outcome', outcome)
          return outcome
        }),
    }),
    gateway(gateway) {
      const asking = <T>(what: string, work: () => Promise<T>) => within(`gateway ${what}`, 'client', {}, work)
      return {
        ...gateway,
        send: (call, options) =>
          within(`gateway ${call.call}`, 'client', {}, async (span) => {
            const answer = await gateway.send(call, options)
            span.setAttribute('florin.outcome', answer.outcome)
            return answer
          }),
        read: (ref) => asking(`read ${ref.object}`, () => gateway.read(ref)),
        lookUp: (call, since) => asking(`look up ${call.call}`, () => gateway.lookUp(call, since)),
        list: (query) => asking(`list ${query.object}`, () => gateway.list(query)),
      }
    },
    async middleware(c, next) {
      const { route, requestId } = c.get('florin')
      const traceparent = c.req.header('traceparent')
      const tracestate = c.req.header('tracestate')
      const carrier = { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) }
      const known = { 'http.request.method': c.req.method, 'http.route': route, 'florin.request_id': requestId }
      return context.with(propagation.extract(context.active(), carrier), () =>
        within(`${c.req.method} ${route}`, 'server', known, async (span) => {
          const response = await next()
          span.setAttribute('http.response.status_code', response.status)
          if (response.status >= 500) span.setStatus({ code: ERROR })
          return response
        }),
      )
    },
    job: (name, work) => within(`job ${name}`, 'internal', {}, work),
  }
}
