import { DefectError, type FlorinError, isFlorinError, UnavailableError } from '@florin/core'

/** An error that Postgres itself told, with its SQLSTATE. */
interface ServerError {
  readonly code: string
  readonly severity: string
  readonly constraint?: string | undefined
}

/** Raised by `florin_conflict()` when fewer rows were written than versions were expected. */
const conflictState = 'FL001'

/** Whether Postgres answered with an error; anything else means that the connection or the driver failed. */
export function isServerError(error: unknown): error is ServerError {
  // The driver's own errors have codes too, EPIPE among them; only Postgres tells a severity.
  return (
    typeof error === 'object' &&
    error !== null &&
    'severity' in error &&
    typeof error.severity === 'string' &&
    'code' in error
  )
}

// Postgres ends the connection with these; whether a commit had gone through before is not said.
const broken = /^(08...|57P01|57P02|57P03|57P05|40003)$/
// Unique key, serialisation, deadlock.
const conflicts = /^(23505|40001|40P01)$/
// Out of resources, canceled by a timeout, or a server that may only read: the statement was rolled back.
const rolledBack = /^(53...|57014|57P04|55P03|25006|25P03|25P04|58...)$/
// Somebody held a row for longer than a commit waits.
const lockNotAvailable = '55P03'
// Names of prepared statements got mixed up between connections.
const unprepared = /^(26000|42P05)$/

// A table, column or function that is not there.
const missing = /^(42P01|42703|42883)$/

/** Whether the connection cannot be used again after this error. */
export const isBrokenConnection = ({ code }: ServerError): boolean => broken.test(code)

/**
 * Whether a connection has nothing to hope for: it leads to a server that may only read, as one does that was demoted in a
 * failover, or what was prepared on it is gone. Whoever connects anew may find the new primary, and prepares anew.
 */
export const isForsakenConnection = ({ code }: ServerError): boolean => code === '25006' || unprepared.test(code)

/** Whether a statement gave way to another one, in a deadlock or by its order: that says nothing of what it would have met. */
export const isGivenWay = (error: unknown): boolean => isServerError(error) && /^(40001|40P01)$/.test(error.code)

/** Whether a statement waited for a lock as long as it may. */
export const isHeldForLong = (error: unknown): boolean => isServerError(error) && error.code === lockNotAvailable

/** What an error of a statement means: `conflict`, `lost` where its outcome is not known, or an error to throw. */
export function judge(error: unknown): 'conflict' | 'lost' | FlorinError {
  if (isFlorinError(error)) return error
  if (!isServerError(error) || isBrokenConnection(error)) return 'lost'
  const { code, constraint } = error
  if (code === conflictState || conflicts.test(code)) return 'conflict'
  if (rolledBack.test(code)) {
    const why = isHeldForLong(error) ? '; somebody holds what it needs for long' : ''
    const message = `Postgres could not run a statement (SQLSTATE ${code})${why}`
    return new UnavailableError('storage_unavailable', message, 'not_applied', { cause: error })
  }
  const hint = unprepared.test(code)
    ? '; a pooler that keeps no prepared statements: set DB_PREPARED_STATEMENTS=false (preparedStatements: false)'
    : missing.test(code)
      ? '; migrate the database to this version'
      : ''
  // Not Postgres's own message: it may quote values.
  const message = `Postgres refused a statement (SQLSTATE ${code}${constraint ? `, ${constraint}` : ''})${hint}`
  return new DefectError(message, { cause: error })
}
