import { isFlorinError, type Storage, type StoredTables, UnavailableError } from '@florin/core'
import { commitStatement } from './commit.ts'
import { mergePlans, type PlannedCommit, planCommit } from './commit-plan.ts'
import { commitQueue, type Outcome } from './commit-queue.ts'
import type { Database } from './database.ts'
import { isGivenWay, isHeldForLong, judge } from './errors.ts'
import { groupStatements, staleCommits } from './group-commit.ts'
import { sharedLoads } from './group-load.ts'
import { readAnswer } from './load.ts'
import { readTraces, tookEffect } from './lost-commit.ts'

export interface PostgresStorageOptions {
  /** Where the rows are: see `fromPool` and `fromPglite`. */
  readonly database: Database
  /** How long to wait before each new try to learn what became of a commit whose answer was lost, in milliseconds. */
  readonly recoveryDelays?: readonly number[] | undefined
  /**
   * How long a statement may take before another one goes beside it, in milliseconds; until then what comes gathers for
   * the next. Default 10: more than an answer takes, unless Postgres is far away or the statement waits for a lock.
   */
  readonly patienceMs?: number | undefined
  /**
   * How long a commit waits for a row that somebody else holds, in milliseconds, before it is refused with nothing applied:
   * it holds a connection meanwhile, and keeps others from theirs. Default 3000: more than a migration keeps anybody waiting.
   */
  readonly lockTimeoutMs?: number | undefined
}

/** Whose row is held is found out by sending those of a group alone; they have waited, so this part of the wait will do. */
const SHARE_OF_WAIT = 10

/** How commits are sent. */
interface Sending extends Pick<PostgresStorageOptions, 'database'> {
  readonly recoveryDelays: readonly number[]
  readonly lockTimeoutMs: number
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
  lockTimeoutMs = 3000,
}: PostgresStorageOptions): Storage<StoredTables> {
  const load = sharedLoads((statement, values) => readTwice(() => database.run(statement, values)), patienceMs)
  const groupStatement = groupStatements()
  const sending: Sending = { database, recoveryDelays, lockTimeoutMs }
  const commit = commitQueue(async (group) => {
    const [first] = group
    try {
      if (group.length === 1 && first) {
        await send(sending, first)
        return ['committed']
      }
      const { compiled, plan } = groupStatement(mergePlans(group))
      const requires = [...new Set(group.flatMap((one) => one.commit.requires ?? []))]
      const values = compiled.values({ plan, requires, lockTimeoutMs })
      const stale = staleCommits(await database.run(compiled.statement, values))
      return group.map((one) => (stale.has(one.commit.id) ? 'conflict' : 'committed'))
    } catch (error) {
      const verdict = judge(error)
      if (verdict === 'lost') return group.map((one) => settle(sending, one, error))
      // What is wrong with one of them is found out, and told to nobody else, by sending each alone. They have waited.
      if (group.length > 1 && !isFlorinError(error)) {
        const wait = isHeldForLong(error) ? Math.ceil(lockTimeoutMs / SHARE_OF_WAIT) : lockTimeoutMs
        return group.map((one) => sendAlone({ ...sending, lockTimeoutMs: wait }, one))
      }
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

function send({ database, lockTimeoutMs }: Sending, { plan, commit }: PlannedCommit): Promise<unknown> {
  const filling = { plan, requires: commit.requires ?? [], lockTimeoutMs }
  const { statement, values } = commitStatement(filling)
  return database.run(statement, values(filling))
}

async function sendAlone(sending: Sending, planned: PlannedCommit): Promise<Outcome> {
  try {
    await send(sending, planned)
    return 'committed'
  } catch (error) {
    const verdict = judge(error)
    if (verdict === 'conflict') return 'conflict'
    if (verdict !== 'lost') throw verdict
    return settle(sending, planned, error)
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
async function settle(sending: Sending, planned: PlannedCommit, cause: unknown): Promise<Outcome> {
  for (const delay of sending.recoveryDelays) {
    await wait(delay)
    try {
      const result = await send(sending, planned).then(
        () => 'committed' as const,
        // One that gave way has met nothing, and the first one may still be running.
        (error: unknown) => (isGivenWay(error) ? 'gave way' : judge(error)),
      )
      if (result === 'committed') return 'committed'
      if (result !== 'conflict') continue
      const effect = tookEffect(planned.commit, await readTraces(sending.database, planned.commit.changes))
      if (effect === 'unknown') break
      return effect ? 'committed' : 'conflict'
    } catch {
      // The reading of the rows failed too: the next try is all that can be done, and the first error tells why.
    }
  }
  const message = 'the connection to Postgres broke during a commit, and whether it took effect could not be learned'
  throw new UnavailableError('storage_unavailable', message, 'unknown', { cause })
}
