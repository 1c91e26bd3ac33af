import { type Tracing, tracing } from '../tracing.ts'
import { hasCode } from './command-error.ts'

/**
 * Traces, where the host installed `@opentelemetry/api` and starts an SDK before Florin, which says what becomes of them:
 * `node --import ./instrumentation.js …/florin serve`. Without one nobody would see a span, and none is made.
 */
export async function openTracing(): Promise<Tracing | undefined> {
  try {
    const api = await import('@opentelemetry/api')
    // Not ended, so that it is shown to nobody. Only an SDK gives a span an id.
    const probe = api.trace.getTracer('florin').startSpan('florin')
    return api.isSpanContextValid(probe.spanContext()) ? tracing(api) : undefined
  } catch (error) {
    if (hasCode(error, 'ERR_MODULE_NOT_FOUND')) return undefined
    throw error
  }
}
