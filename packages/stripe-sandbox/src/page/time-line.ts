/** A stretch of virtual time, in Unix seconds. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** Where a moment lies on the line, as a percentage with two decimals. */
export function placeOf(moment: number, { from, to }: Stretch): number {
  const share = to === from ? 0 : (moment - from) / (to - from)
  return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 100
}

const day = 86_400
const steps: readonly (readonly [label: 'day' | 'month' | 'year', count: number, seconds: number])[] = [
  ['day', 1, day],
  ['day', 7, 7 * day],
  ['month', 1, 30 * day],
  ['month', 3, 91 * day],
  ['year', 1, 365 * day],
  ['year', 5, 5 * 365 * day],
]

const mostTicks = 6

/** A mark of the calendar on the line. */
export interface Tick {
  readonly at: number
  readonly label: string
}

/** Round days, months or years within a stretch, so few that their names do not touch. */
export function ticksOf(stretch: Stretch): readonly Tick[] {
  const length = stretch.to - stretch.from
  const [unit, count] = steps.find(([, , seconds]) => length / seconds <= mostTicks) ?? ['year', 10, 0]
  const ticks: Tick[] = []
  const date = new Date(stretch.from * 1000)
  date.setUTCHours(0, 0, 0, 0)
  if (unit !== 'day') date.setUTCDate(1)
  if (unit === 'year') date.setUTCMonth(0)
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...labels[unit] })
  while (date.getTime() / 1000 <= stretch.to) {
    const at = date.getTime() / 1000
    if (at >= stretch.from) ticks.push({ at, label: format.format(date) })
    if (unit === 'day') date.setUTCDate(date.getUTCDate() + count)
    else if (unit === 'month') date.setUTCMonth(date.getUTCMonth() + count)
    else date.setUTCFullYear(date.getUTCFullYear() + count)
  }
  return ticks
}

const labels: Readonly<Record<'day' | 'month' | 'year', Intl.DateTimeFormatOptions>> = {
  day: { day: 'numeric', month: 'short' },
  month: { month: 'short', year: '2-digit' },
  year: { year: 'numeric' },
}
