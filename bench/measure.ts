import { Pool } from 'pg'
import { type Cpu, readCpu } from './cpu.ts'
import type { Contestant, Measurement, Replica, Running, Suite } from './suite.ts'
import { here, type World } from './world.ts'

export interface Plan {
  readonly rounds: number
  readonly warmUpMs: number
  readonly measureMs: number
  /** How long a process is warmed up, once, before anything is measured. */
  readonly compileMs: number
  /** How often a measurement is made that other programs spoil. */
  readonly tries: number
  readonly connections: (suite: Suite) => readonly number[]
}

/** More than this share of a core taken by other programs spoils a measurement. */
const MOST_FOR_OTHERS = 0.4

/** Measures the contestants of a suite in turns, A B A B, so that what changes on the machine meets all of them. */
export async function measureSuite(
  world: World,
  suite: Suite,
  plan: Plan,
  told: (measurement: Measurement) => void,
): Promise<readonly Measurement[]> {
  const running = new Map<Contestant, Running>()
  const measurements: Measurement[] = []
  const inFlight = (connections: number, its: Running) =>
    suite.connectionsAre === 'for each server' ? connections * replicasOf(its).length : connections
  try {
    let turn = 0
    for (const contestant of suite.contestants) {
      const its = await contestant.start(world)
      running.set(contestant, its)
      // Until its code is compiled, in each of its servers. The figures are thrown away.
      const warming = { ...plan, warmUpMs: 1000, measureMs: plan.compileMs * replicasOf(its).length }
      turn += 1
      await measure(world, contestant, its, { connections: inFlight(64, its), turn, plan: warming })
    }
    for (const connections of plan.connections(suite)) {
      for (let round = 1; round <= plan.rounds; round += 1) {
        for (const [contestant, its] of running) {
          for (let tries = 1; ; tries += 1) {
            turn += 1
            const at = { suite: suite.name, contestant: contestant.name, connections, round }
            const how = { connections: inFlight(connections, its), turn, plan }
            const measurement = { ...at, ...(await measure(world, contestant, its, how)) }
            if ((measurement.others ?? 0) > MOST_FOR_OTHERS && tries < plan.tries) continue
            measurements.push(measurement)
            told(measurement)
            break
          }
        }
      }
    }
    return measurements
  } finally {
    await Promise.all([...running.values()].map((its) => its.stop()))
  }
}

async function measure(
  world: World,
  contestant: Contestant,
  running: Running,
  { connections, turn, plan }: { connections: number; turn: number; plan: Plan },
): Promise<Omit<Measurement, 'suite' | 'contestant' | 'connections' | 'round'>> {
  await checkpoint(world)
  const { requests, parameters, repeat = false, most = 10_000 } = await contestant.load(running, world, turn)
  const { warmUpMs, measureMs } = plan
  // One connection gets an answer every 0.2 ms at best.
  const rate = Math.min(most, connections * 5000)
  const count = Math.ceil((rate * (warmUpMs + measureMs)) / 1000)
  const cpu: (Cpu | null)[] = []
  const read = () =>
    cpu.push(
      readCpu(
        replicas.map(({ pid }) => pid),
        world.postmaster,
      ),
    )
  const replicas = replicasOf(running)
  const callsBefore = await world.gatewayCalls()
  let began = 0
  let ended = 0
  const ports = replicas.map(({ port }) => port)
  const order = { module: here(requests), parameters, ports, connections, count, repeat }
  const result = await world.load.run(
    { ...order, warmUpMs, measureMs },
    () => {
      began = performance.now()
      read()
    },
    () => {
      read()
      ended = performance.now()
    },
  )
  const failed = Object.entries(result.failures)
  if (failed.length > 0)
    throw new Error(`${contestant.name} answered ${failed.map((one) => one.join(' × ')).join(', ')}`)
  const [before, after] = cpu
  const each = (what: (cpu: Cpu) => number) =>
    before && after ? (what(after) - what(before)) / Math.max(1, result.requests) : null
  const others =
    before && after ? (after.machine - before.machine - (after.ours - before.ours)) / 1000 / (ended - began) : null
  return {
    requests: result.requests,
    perSecond: (result.requests / result.milliseconds) * 1000,
    ...{ p50: result.p50, p99: result.p99 },
    serverCpu: each(({ server }) => server),
    postgresCpu: world.postmaster ? each(({ postgres }) => postgres) : null,
    gatewayCalls: ((await world.gatewayCalls()) - callsBefore) / result.sent,
    others,
  }
}

const replicasOf = (running: Running): readonly Replica[] => [running, ...(running.replicas ?? [])]

async function checkpoint({ databaseUrl }: World): Promise<void> {
  const pool = new Pool({ connectionString: databaseUrl, max: 1 })
  await pool.query('checkpoint')
  await pool.end()
}
