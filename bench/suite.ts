import type { Pool } from 'pg'
import type { World } from './world.ts'

/** A process that takes requests and whose CPU is counted. */
export interface Replica {
  readonly port: number
  readonly pid: number
}

/** A server that is up, and what is known of it. */
export interface Running extends Replica {
  /** More processes that take the same requests and whose CPU is counted as well. */
  readonly replicas?: readonly Replica[]
  /** Its own database, for what a measurement wants to know. */
  readonly database: Pool
  stop(): Promise<void>
}

/** What the load process sends: a module that makes requests, and what it is told. */
interface Load {
  /** Path, from this folder, of a module whose `makeRequests` makes them. */
  readonly requests: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** Sends the same requests again and again; without it each is sent once, and there must be enough. */
  readonly repeat?: true
  /** More than this many a second cannot be answered: how many requests have to be made. */
  readonly most?: number
}

/** One of the things that are compared. */
export interface Contestant {
  readonly name: string
  /** What it does for a request, in a few words. */
  readonly does: string
  start(world: World): Promise<Running>
  /** The requests of one measurement; `round` counts up, so that no two send the same events. */
  load(running: Running, world: World, round: number): Promise<Load>
}

/** Contestants that get the same load, one after the other in every round. */
export interface Suite {
  readonly name: string
  readonly about: string
  /** The first is compared with each of the others. */
  readonly contestants: readonly [Contestant, ...Contestant[]]
  /** How many requests are in flight at once. */
  readonly connections: readonly number[]
  /** Absent: for all servers of a contestant together. */
  readonly connectionsAre?: 'for each server'
  /** Measured also by `--quick`. */
  readonly quick: { readonly connections: readonly number[] } | false
}

/** One contestant in one round. Times in milliseconds, CPU in microseconds a request. */
export interface Measurement {
  readonly suite: string
  readonly contestant: string
  readonly connections: number
  readonly round: number
  readonly requests: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly serverCpu: number | null
  readonly postgresCpu: number | null
  /** Calls that the stub of Stripe got, per request. */
  readonly gatewayCalls: number
  /** Share of one core that programs had which are no part of this. */
  readonly others: number | null
}
