import type { DomainEventType } from './domain-event.ts'
import type { DomainEvent } from './domain-event-data.ts'

/** The events that a handler hears of: those of one type, or all. */
export type HeardType = DomainEventType | '*'

/**
 * Is told of events. What it answers is awaited; when it throws, the event is told again later, to all handlers of it. Of
 * what it throws Florin tells the name and the code alone: log the message yourself, it may quote what must not be logged.
 *
 * An event comes at least once, so a handler must do the same for the second delivery of an `event.id` as for none.
 */
export type EventHandler<Type extends HeardType = '*'> = (
  event: Type extends DomainEventType ? DomainEvent<Type> : DomainEvent,
) => unknown

/** The handlers that one Florin instance has. */
export interface EventHandlers {
  /** Adds a handler. Answers how to take it away again. */
  on<Type extends HeardType>(type: Type, handler: EventHandler<Type>): () => void
  /** Those that hear of a type, in the order in which they were added. */
  of(type: DomainEventType): readonly EventHandler[]
  isEmpty(): boolean
}

/** A place for handlers. */
export function eventHandlers(): EventHandlers {
  const entries = new Set<{ readonly type: HeardType; readonly handler: EventHandler }>()
  return {
    on(type, handler) {
      // True by construction: `of` gives it events of the type that it was added for, and no others.
      const entry = { type, handler: handler as EventHandler }
      entries.add(entry)
      return () => void entries.delete(entry)
    },
    of: (type) => [...entries].filter((one) => one.type === type || one.type === '*').map(({ handler }) => handler),
    isEmpty: () => entries.size === 0,
  }
}
