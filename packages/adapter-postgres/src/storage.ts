import { type Commit, isFlorinError, type Storage, type StoredTables, UnavailableError } from '@florin/core'
import { commitStatement, planCommit } from './commit.ts'
import type { Database } from './database.ts'
import { judge } from './errors.ts'
import { loadStatement, readAnswer } from './load.ts'
import { readTraces, tookEffect } from './lost-commit.ts'

export interface PostgresStorageOptions {
  /** Where the rows are: see `fromPool` and `fromPglite`. */
  readonly database: Database
  /** How long to wait before each new try to learn what became of a commit whose answer was lost, in milliseconds. */
  readonly recoveryDelays?: readonly number[]
}

const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/**
 * Florin's storage on PostgreSQL or PGlite.
 *
 * Each `load` and each `commit` is one statement of its own, so a pooler in transaction mode may sit between. The tables
 * must be there: run `migrateToLatest` first.
 */
export function postgresStorage({
  database,
  recoveryDelays = [10, 50, 250, 1000, 2000],
}: PostgresStorageOptions): Storage<StoredTables> {
  return {
    async load(query) {
      if (Object.keys(query).length === 0) return readAnswer(query, [])
      const { statement, values } = loadStatement(query)
      return readAnswer(query, await readTwice(() => database.run(statement, values(query))))
    },
    async commit(commit) {
      if (commit.changes.length === 0) return 'committed'
      const send = sending(database, commit)
      try {
        await send()
        return 'committed'
      } catch (error) {
        const verdict = judge(error)
        if (verdict === 'conflict') return 'conflict'
        if (verdict !== 'lost') throw verdict
        return settle(database, commit, send, recoveryDelays, error)
      }
    },
  }
}

function sending(database: Database, commit: Commit<StoredTables>): () => Promise<unknown> {
  const plan = planCommit(commit)
  const { statement, values } = commitStatement(plan)
  const given = values(plan)
  return () => database.run(statement, given)
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
  commit: Commit<StoredTables>,
  send: () => Promise<unknown>,
  delays: readonly number[],
  cause: unknown,
): Promise<'committed' | 'conflict'> {
  for (const delay of delays) {
    await wait(delay)
    try {
      const result = await send().then(
        () => 'committed' as const,
        (error: unknown) => judge(error),
      )
      if (result === 'committed') return 'committed'
      if (result !== 'conflict') continue
      const effect = tookEffect(commit, await readTraces(database, commit.changes))
      if (effect === 'unknown') break
      return effect ? 'committed' : 'conflict'
    } catch {
      // The reading of the rows failed too: the next try is all that can be done, and the first error tells why.
    }
  }
  const message = 'the connection to Postgres broke during a commit, and whether it took effect could not be learned'
  throw new UnavailableError('storage_unavailable', message, 'unknown', { cause })
}
