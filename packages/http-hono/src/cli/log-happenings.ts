import type { Happening, Observer } from '@florin/core'
import type { Logger } from '../logger.ts'

/** Writes what core tells as log lines: ids and codes only, as core promises. */
export function loggingObserver(logger: Logger): Observer {
  const on: { readonly [What in Happening['what']]: (it: Extract<Happening, { what: What }>) => void } = {
    payment_settled: ({ paymentId, status, currency }) =>
      logger.info({ object_id: paymentId, status, currency }, 'payment settled'),
    operation_failed: ({ operationId, kind, code }) =>
      logger.warn({ operation_id: operationId, kind, code }, 'operation failed'),
    gateway_called: ({ call, outcome, milliseconds }) =>
      logger.debug({ call, outcome, duration_ms: Math.round(milliseconds) }, 'gateway called'),
    webhook_received: ({ eventId, type, outcome, reason }) =>
      logger[outcome === 'failed' ? 'error' : 'info']({ event_id: eventId, type, outcome, reason }, 'webhook received'),
    unknown_status: ({ table, id, status }) =>
      logger.warn({ table, object_id: id, status }, 'the gateway told a status that Florin does not know'),
  }
  // The table has a handler for exactly this kind of happening; the compiler cannot follow the pairing.
  return { tell: (it) => (on[it.what] as (happening: Happening) => void)(it) }
}

/** Tells several observers. */
export const allObservers = (...observers: readonly Observer[]): Observer => ({
  tell(happening) {
    for (const observer of observers) observer.tell(happening)
  },
})
