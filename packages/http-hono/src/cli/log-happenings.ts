import type { DomainEventType, Happening, Observer } from '@florin/core'
import type { Logger } from '../logger.ts'
import { snakePath } from '../naming.ts'

/** Writes what core tells as log lines: ids and codes only, as core promises. */
export function loggingObserver(logger: Logger): Observer {
  return {
    tell(happening) {
      const { what, ...told } = happening
      const fields = Object.entries(told).map(([name, value]) => [snakePath(name), value])
      const message = isForPeople(happening) ? happening.type : what.replaceAll('_', ' ')
      logger[levelOf(happening)](Object.fromEntries(fields), message)
    },
  }
}

/** Facts that somebody has to look at; the page about operations has them looked for by their type. */
const factsForPeople: readonly string[] = [
  'payment.duplicate_detected',
  'payment.duplicate_refunded',
] satisfies DomainEventType[]

const isForPeople = (it: Happening): it is Extract<Happening, { what: 'fact' }> =>
  it.what === 'fact' && factsForPeople.includes(it.type)

function levelOf(happening: Happening): keyof Logger {
  // The request's own line is enough of what went well; rows and the outbox tell the rest.
  if (happening.what === 'webhook_received') return happening.outcome === 'failed' ? 'error' : 'debug'
  if (happening.what === 'event_dispatched') return levelOfOutcome[happening.outcome]
  if (happening.what === 'gateway_called') return 'debug'
  if (happening.what === 'row_unreadable') return 'error'
  if (happening.what === 'gateway_awaited') return happening.outcome === 'sent' ? 'debug' : 'warn'
  return happening.what === 'fact' && !isForPeople(happening) ? 'debug' : 'warn'
}

const levelOfOutcome = { delivered: 'debug', failed: 'warn', dead: 'error' } as const

/** Tells several observers. */
export const allObservers = (...observers: readonly Observer[]): Observer => ({
  tell(happening) {
    for (const observer of observers) observer.tell(happening)
  },
})
