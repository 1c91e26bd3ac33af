// pnpm bench [--quick] [--suite name] [--connections n] [--rounds n] [--seconds n] [--profile folder]: how fast Florin is,
// beside what others do for less. See docs/performance.md.
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compare, printed } from './compare.ts'
import { measureSuite, type Plan } from './measure.ts'
import { type Soak, soak } from './soak.ts'
import type { Measurement, Suite } from './suite.ts'
import { growthSuites } from './suites/growth.ts'
import { payments } from './suites/payments.ts'
import { peers } from './suites/peers.ts'
import { reads } from './suites/reads.ts'
import { busyReplicas, replicas } from './suites/replicas.ts'
import { sameSecond, webhooks } from './suites/webhooks.ts'
import { here, openWorld, type World } from './world.ts'

/** What one run came to, as it is written down. */
export interface Results {
  readonly date: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly plan: { readonly rounds: number; readonly seconds: number }
  readonly measurements: readonly Measurement[]
  readonly soak?: Soak
}

const suites: readonly Suite[] = [webhooks, sameSecond, peers, payments, reads, replicas, busyReplicas]

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    suite: { type: 'string', multiple: true },
    connections: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    profile: { type: 'string' },
    growth: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '20' },
    events: { type: 'string', default: '10000000' },
    payments: { type: 'string', default: '1000000' },
  },
})
const { quick } = values
const rounds = Number(values.rounds ?? (quick ? 2 : 5))
const seconds = Number(values.seconds ?? (quick ? 2 : 3))
const plan: Plan = {
  ...{ rounds, warmUpMs: 1000, measureMs: seconds * 1000, compileMs: quick ? 5000 : 15_000, tries: quick ? 1 : 3 },
  connections: (suite) => values.connections?.map(Number) ?? (quick && suite.quick ? suite.quick : suite).connections,
}
const unknown = values.suite?.find((named) => suites.every(({ name }) => name !== named))
if (unknown !== undefined) {
  throw new Error(`there is no suite ${unknown}; there are: ${suites.map(({ name }) => name).join(' | ')}`)
}
const grown = growthSuites({ events: Number(values.events), payments: Number(values.payments) })
const chosen = values.soak
  ? []
  : values.growth
    ? grown
    : values.suite
      ? suites.filter(({ name }) => values.suite?.includes(name))
      : suites.filter((suite) => !quick || suite.quick)

const world = await openWorld({ profiles: values.profile && resolve(values.profile) })
const measurements: Measurement[] = []
let soaked: Soak | undefined
try {
  if (values.soak) {
    soaked = await soak(world, Number(values.minutes), ({ minute, requests, failures, p99, memory, handles }) => {
      const failed = Object.entries(failures).map((one) => one.join(' × '))
      console.log(
        `  ${minute} min: ${requests} requests, ${failed.join(', ') || 'none failed'}, p99 ${p99.toFixed(0)} ms, ${memory} MB, ${handles} handles`,
      )
    })
  }
  for (const suite of chosen) {
    console.log(`${suite.name}: ${suite.about}`)
    measurements.push(...(await measureSuite(world, suite, plan, tell)))
  }
} finally {
  await world.stop()
}
if (measurements.length > 0) console.log(`\n${printed(compare(measurements))}`)
console.log(`\nwritten to ${write(world)}`)

function tell({ contestant, connections, round, perSecond, p50, others }: Measurement): void {
  const busy = others !== null && others > 0.4 ? `, others took ${others.toFixed(1)} cores` : ''
  console.log(`  ${contestant} c=${connections} #${round}: ${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(2)} ms${busy}`)
}

function write({ versions }: World): string {
  const [cpu] = cpus()
  const results: Results = {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB`,
    ...{ versions, plan: { rounds, seconds }, measurements },
    ...(soaked && { soak: soaked }),
  }
  mkdirSync(here('results'), { recursive: true })
  const file = here(`results/${results.date.replaceAll(/[:.]/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(results, undefined, 1)}\n`)
  return file
}
