import { type Tracing, tracing } from '../tracing.ts'
import { hasCode } from './command-error.ts'

/**
 * Traces, where the host installed `@opentelemetry/api`. What becomes of them is for the SDK to say that the host starts
 * before Florin: `node --import ./instrumentation.js …/florin serve`.
 */
export async function openTracing(): Promise<Tracing | undefined> {
  try {
    return tracing(await import('@opentelemetry/api'))
  } catch (error) {
    if (hasCode(error, 'ERR_MODULE_NOT_FOUND')) return undefined
    throw error
  }
}
