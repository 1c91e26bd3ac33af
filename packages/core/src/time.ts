/** A time in UTC as RFC 3339 with milliseconds, e.g. `2026-11-23T15:04:05.123Z`. Sorts as text. */
export type Timestamp = string

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
export const DAY_SECONDS = 24 * 3600

/** Milliseconds since 1970 as a {@link Timestamp}. */
export function timestamp(milliseconds: number): Timestamp {
  return new Date(milliseconds).toISOString()
}

/** Stripe counts whole seconds. */
export function timestampOfSeconds(seconds: number): Timestamp {
  return timestamp(seconds * 1000)
}

/** The milliseconds since 1970 of a {@link Timestamp}. */
export function milliseconds(time: Timestamp): number {
  return new Date(time).getTime()
}

/** A {@link Timestamp} in Stripe's whole seconds. */
export const secondsOf = (time: Timestamp): number => Math.floor(milliseconds(time) / 1000)
