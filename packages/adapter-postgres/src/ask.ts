import { isFlorinError, UnavailableError } from '@florin/core'
import type { Compiled } from './compile.ts'
import type { Answer, Database } from './database.ts'
import { judge } from './errors.ts'

/**
 * Runs a statement of upkeep (pruning, sealing). What could not be done is done the next time, and so is what was done
 * without our learning of it: these statements can be repeated.
 *
 * @throws `unavailable` storage_unavailable · `defect` for what Postgres refuses
 */
export async function ask<Input>(
  database: Database,
  { statement, values }: Compiled<Input>,
  input: Input,
): Promise<Answer> {
  try {
    return await database.run(statement, values(input))
  } catch (error) {
    const verdict = judge(error)
    if (isFlorinError(verdict)) throw verdict
    throw new UnavailableError('storage_unavailable', 'Postgres did not do it now', 'unknown', { cause: error })
  }
}
