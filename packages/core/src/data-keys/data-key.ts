import type { Timestamp } from '../time.ts'

/**
 * A row of `data_keys`: a key that values are sealed under, wrapped under a key of the ring. The key of a user is also
 * the mark of its erasure: without it nothing personal of the user opens, and nothing new is stored.
 */
export interface DataKeyRow {
  /** What sealed values name it by. */
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  /** Whose values it seals: `user:<user id>`, or `day:<date in UTC>` for webhook payloads and what belongs to nobody. */
  readonly subject: string
  /** The one of its subject that seals; at most one. Others only open what they sealed. */
  readonly isCurrent: boolean
  /** Null once it is destroyed. */
  readonly wrapped: string | null
  /** The id of the ring key that wraps it. */
  readonly wrappedBy: string | null
  /** Since when nothing personal is sealed under it any more: its user is being erased. */
  readonly closedAt: Timestamp | null
  readonly destroyedAt: Timestamp | null
  /** When to go on with the erasure. */
  readonly dueAt: Timestamp | null
}

/** The subject of what belongs to a user. */
export const userSubject = (userId: string): string => `user:${userId}`

/** The user of a user's subject. */
export const userOfSubject = (subject: string): string => subject.slice(userSubject('').length)

/** The subject of what is stored on a day and belongs to nobody, or is no user's to keep. */
export const daySubject = (now: number): string => `day:${new Date(now).toISOString().slice(0, 10)}`

/** A new data key's row. */
export function dataKeyRow(
  key: Pick<DataKeyRow, 'id' | 'subject' | 'wrapped' | 'wrappedBy'>,
  now: Timestamp,
): DataKeyRow {
  const { id, subject, wrapped, wrappedBy } = key
  const times = { createdAt: now, updatedAt: now, closedAt: null, destroyedAt: null, dueAt: null }
  return { id, version: 0, ...times, subject, isCurrent: true, wrapped, wrappedBy }
}
