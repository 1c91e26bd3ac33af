import type { Collection, Row } from './collection.ts'
import type { Context } from './context.ts'
import type { EventType } from './event-types.ts'

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The earlier values of all that differs: objects in part, lists whole, and null for what was not there. */
export function changedFrom(before: object, after: object): Record<string, unknown> {
  const old: Record<string, unknown> = {}
  const earlier = Object.fromEntries(Object.entries(before))
  const later = Object.fromEntries(Object.entries(after))
  for (const key of new Set([...Object.keys(earlier), ...Object.keys(later)])) {
    const was = earlier[key]
    const is = later[key]
    if (was === is) continue
    if (isRecord(was) && isRecord(is)) {
      const inner = changedFrom(was, is)
      if (Object.keys(inner).length > 0) old[key] = inner
    } else if (JSON.stringify(was) !== JSON.stringify(is)) {
      old[key] = was ?? null
    }
  }
  return old
}

/** Replaces fields and emits the event with what they were before; nothing is emitted if nothing differs. */
export function changeAndEmit<T extends Row>(
  context: Context,
  collection: Collection<T>,
  { id, patch, event }: { id: string; patch: NoInfer<Partial<T>>; event: EventType },
): T {
  const before = context.store.find(collection, id)
  const after = context.store.update(collection, id, patch)
  const previous = changedFrom(before ?? {}, after)
  if (Object.keys(previous).length > 0) context.emit(event, after, previous)
  return after
}
