import type { Cadence } from '../prices/price.ts'

const secondsOf = { day: 86_400, week: 7 * 86_400 } as const

/** A span of time that is paid for. The end belongs to the next one. */
export interface Period {
  readonly start: number
  readonly end: number
}

/**
 * The anchor moved by whole intervals. Months and years keep the anchor's day and time; where the month is too short it
 * is the month's last day, and the next long month has the anchor's day again.
 */
export function addIntervals(anchor: number, { interval, interval_count: every }: Cadence, count: number): number {
  if (interval === 'day' || interval === 'week') return anchor + secondsOf[interval] * every * count
  const date = new Date(anchor * 1000)
  const months = date.getUTCMonth() + every * count * (interval === 'year' ? 12 : 1)
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), months + 1, 0)).getUTCDate()
  const day = Math.min(date.getUTCDate(), lastDay)
  const midnight = Date.UTC(date.getUTCFullYear(), months, day) / 1000
  return midnight + (anchor - Math.floor(anchor / 86_400) * 86_400)
}

/** The first boundary of the anchor's grid that lies after a moment, also when the anchor itself lies ahead. */
export function nextBoundary(anchor: number, cadence: Cadence, after: number): number {
  let count = Math.floor((after - anchor) / roughLength(cadence)) - 1
  while (addIntervals(anchor, cadence, count) <= after) count += 1
  while (addIntervals(anchor, cadence, count - 1) > after) count -= 1
  return addIntervals(anchor, cadence, count)
}

/** The whole interval that a moment lies in, for the share of it that a shorter period costs. */
export function wholePeriodAround(anchor: number, cadence: Cadence, moment: number): Period {
  const end = nextBoundary(anchor, cadence, moment)
  let count = Math.round((end - anchor) / roughLength(cadence))
  while (addIntervals(anchor, cadence, count) < end) count += 1
  while (addIntervals(anchor, cadence, count) > end) count -= 1
  return { start: addIntervals(anchor, cadence, count - 1), end }
}

const roughLength = ({ interval, interval_count: every }: Cadence): number => {
  if (interval === 'day' || interval === 'week') return secondsOf[interval] * every
  return (interval === 'month' ? 30.4375 : 365.25) * 86_400 * every
}

/** Whether two prices are due at the same rhythm. */
export const sameCadence = (a: Cadence, b: Cadence): boolean =>
  a.interval === b.interval && a.interval_count === b.interval_count
