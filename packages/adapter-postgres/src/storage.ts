import { isFlorinError, type Storage, type StoredTables, UnavailableError } from '@florin/core'
import { commitStatement } from './commit.ts'
import { mergePlans, type PlannedCommit, planCommit } from './commit-plan.ts'
import { commitQueue, type Outcome } from './commit-queue.ts'
import type { Database } from './database.ts'
import { judge } from './errors.ts'
import { groupStatements, staleCommits } from './group-commit.ts'
import { sharedLoads } from './group-load.ts'
import { readAnswer } from './load.ts'
import { readTraces, tookEffect } from './lost-commit.ts'

export interface PostgresStorageOptions {
  /** Where the rows are: see `fromPool` and `fromPglite`. */
  readonly database: Database
  /** How long to wait before each new try to learn what became of a commit whose answer was lost, in milliseconds. */
  readonly recoveryDelays?: readonly number[]
  /**
   * How long a statement may take before another one goes beside it, in milliseconds; until then what comes gathers for
   * the next. Default 10: more than an answer takes, unless Postgres is far away or the statement waits for a lock.
   */
  readonly patienceMs?: number
}

const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/**
 * Florin's storage on PostgreSQL or PGlite.
 *
 * A `load` or `commit` is one statement, alone or together with others that come at the same time: under load Postgres
 * sees few statements with much in each. None needs a session of its own, so a pooler in transaction mode may sit
 * between. The tables must be there: run `migrateToLatest` first.
 *
 * @throws `unavailable` overloaded when more than Postgres can take is waiting: nothing was done
 */
export function postgresStorage({
  database,
  recoveryDelays = [10, 50, 250, 1000, 2000],
  patienceMs = 10,
}: PostgresStorageOptions): Storage<StoredTables> {
  const load = sharedLoads((statement, values) => readTwice(() => database.run(statement, values)), patienceMs)
  const groupStatement = groupStatements()
  const commit = commitQueue(async (group) => {
    const alone = (one: PlannedCommit) => sendAlone(database, one, recoveryDelays)
    const [first] = group
    try {
      if (group.length === 1 && first) {
        await send(database, first)
        return ['committed']
      }
      const { compiled, plan } = groupStatement(mergePlans(group))
      const requires = [...new Set(group.flatMap((one) => one.commit.requires ?? []))]
      const stale = staleCommits(await database.run(compiled.statement, compiled.values({ plan, requires })))
      return group.map((one) => (stale.has(one.commit.id) ? 'conflict' : 'committed'))
    } catch (error) {
      const verdict = judge(error)
      if (verdict === 'lost') return group.map((one) => settle(database, one, recoveryDelays, error))
      // What is wrong with one of them is found out, and told to nobody else, by sending each alone.
      if (group.length > 1 && !isFlorinError(error)) return group.map(alone)
      if (verdict === 'conflict') return ['conflict']
      throw verdict
    }
  }, patienceMs)
  return {
    async load(query) {
      return readAnswer(query, Object.keys(query).length === 0 ? [] : await load(query))
    },
    async commit(given) {
      return given.changes.length === 0 ? 'committed' : commit(planCommit(given))
    },
  }
}

function send(database: Database, { plan, commit }: PlannedCommit): Promise<unknown> {
  const filling = { plan, requires: commit.requires ?? [] }
  const { statement, values } = commitStatement(filling)
  return database.run(statement, values(filling))
}

async function sendAlone(database: Database, planned: PlannedCommit, delays: readonly number[]): Promise<Outcome> {
  try {
    await send(database, planned)
    return 'committed'
  } catch (error) {
    const verdict = judge(error)
    if (verdict === 'conflict') return 'conflict'
    if (verdict !== 'lost') throw verdict
    return settle(database, planned, delays, error)
  }
}

/** Reading has no effect, so a lost answer is asked for once more: the connection may have been idle for long. */
async function readTwice<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read()
    } catch (error) {
      const verdict = judge(error)
      if (isFlorinError(verdict)) throw verdict
      if (attempt === 2) {
        throw new UnavailableError('storage_unavailable', 'no answer from Postgres', 'not_applied', { cause: error })
      }
    }
  }
}

/**
 * Learns what became of a commit whose answer was lost. Looking for its rows alone would not tell: the statement may
 * still be running. So it is sent again, which is safe, for at most one of the two can find its versions and keys: if
 * this one is committed, the first one was not and never will be; if it meets a conflict, the rows tell whose they are.
 */
async function settle(
  database: Database,
  planned: PlannedCommit,
  delays: readonly number[],
  cause: unknown,
): Promise<Outcome> {
  for (const delay of delays) {
    await wait(delay)
    try {
      const result = await send(database, planned).then(
        () => 'committed' as const,
        (error: unknown) => judge(error),
      )
      if (result === 'committed') return 'committed'
      if (result !== 'conflict') continue
      const effect = tookEffect(planned.commit, await readTraces(database, planned.commit.changes))
      if (effect === 'unknown') break
      return effect ? 'committed' : 'conflict'
    } catch {
      // The reading of the rows failed too: the next try is all that can be done, and the first error tells why.
    }
  }
  const message = 'the connection to Postgres broke during a commit, and whether it took effect could not be learned'
  throw new UnavailableError('storage_unavailable', message, 'unknown', { cause })
}
