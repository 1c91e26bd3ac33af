/** A command cannot go on. The message is for a person at a terminal; the code is what the process exits with. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: number

  constructor(message: string, { exitCode = 1, cause }: { exitCode?: number; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
  }
}

/** What shells and supervisors understand, from sysexits.h. */
export const exitCodes = { usage: 2, tryAgain: 75, config: 78 } as const

/** The command was called wrongly: the message says how it should be. */
export const usageError = (message: string, cause?: unknown): CommandError =>
  new CommandError(message, { exitCode: exitCodes.usage, cause })

/** What an error says, or what it was caused by: the first of several. Not for errors that quote what they were given. */
export const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const first = cause instanceof AggregateError ? cause.errors[0] : cause
  return first instanceof Error ? first.message : String(first)
}

/** Whether an error is one of the operating system's, e.g. `EADDRINUSE`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
