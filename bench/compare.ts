import { median } from './statistics.ts'
import type { Measurement } from './suite.ts'

/** What the rounds of one contestant come to, and how the first contestant of the suite compares with it. */
export interface Row {
  readonly suite: string
  readonly connections: number
  readonly contestant: string
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly serverCpu: number | null
  readonly postgresCpu: number | null
  readonly gatewayCalls: number
  /** The first contestant's figure over this one's: the median of the rounds' own ratios, and the worst and best of them. */
  readonly rate: Ratio | null
  readonly p50Ratio: number | null
  readonly p99Ratio: number | null
}

interface Ratio {
  readonly middle: number
  readonly low: number
  readonly high: number
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return [...groups.values()]
}

/** Takes the median of each contestant's rounds, and compares within rounds: what slows the machine slows both. */
export function compare(measurements: readonly Measurement[]): readonly Row[] {
  return groupBy(measurements, ({ suite, connections }) => `${suite} ${connections}`).flatMap((ofTable) => {
    const [first = [], ...others] = groupBy(ofTable, ({ contestant }) => contestant)
    return [rowOf(first), ...others.map((rounds) => ({ ...rowOf(rounds), ...ratiosOf(first, rounds) }))]
  })
}

function rowOf(rounds: readonly Measurement[]): Row {
  const [any] = rounds
  if (!any) throw new Error('a contestant without a round')
  const { suite, connections, contestant } = any
  const middle = (what: (one: Measurement) => number) => median(rounds.map(what))
  const middleIfTold = (what: (one: Measurement) => number | null) => {
    const told = rounds.map(what).filter((one) => one !== null)
    return told.length > 0 ? median(told) : null
  }
  return {
    ...{ suite, connections, contestant },
    perSecond: middle((one) => one.perSecond),
    p50: middle((one) => one.p50),
    p99: middle((one) => one.p99),
    serverCpu: middleIfTold((one) => one.serverCpu),
    postgresCpu: middleIfTold((one) => one.postgresCpu),
    gatewayCalls: middle((one) => one.gatewayCalls),
    ...{ rate: null, p50Ratio: null, p99Ratio: null },
  }
}

function ratiosOf(first: readonly Measurement[], other: readonly Measurement[]) {
  const pairs = first.flatMap((one) => {
    const its = other.find(({ round }) => round === one.round)
    return its ? [[one, its] as const] : []
  })
  const ratios = (what: (one: Measurement) => number) => pairs.map(([one, its]) => what(one) / what(its))
  const rates = ratios((one) => one.perSecond)
  return {
    rate: { middle: median(rates), low: Math.min(...rates), high: Math.max(...rates) },
    p50Ratio: median(ratios((one) => one.p50)),
    p99Ratio: median(ratios((one) => one.p99)),
  }
}

const columns = ['', 'c', 'per s', 'p50 ms', 'p99 ms', 'server µs', 'Postgres µs', 'calls', '× rate', '× p50', '× p99']

/** The rows as cells of text. `× rate` is the first contestant's over this one's. */
export function cellsOf(rows: readonly Row[]): readonly (readonly string[])[] {
  const number = (value: number | null, digits: number) => (value === null ? '' : value.toFixed(digits))
  return [
    columns,
    ...rows.map((row) => [
      `${row.suite}: ${row.contestant}`,
      String(row.connections),
      number(row.perSecond, 0),
      number(row.p50, 2),
      number(row.p99, 1),
      number(row.serverCpu, 0),
      number(row.postgresCpu, 0),
      number(row.gatewayCalls, 3),
      row.rate ? `${row.rate.middle.toFixed(2)} (${row.rate.low.toFixed(2)}–${row.rate.high.toFixed(2)})` : '',
      number(row.p50Ratio, 2),
      number(row.p99Ratio, 2),
    ]),
  ]
}

/** A table for a terminal. */
export function printed(rows: readonly Row[]): string {
  const cells = cellsOf(rows)
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n')
}
