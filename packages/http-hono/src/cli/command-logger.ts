import { createLogger, type Logger } from '../logger.ts'
import type { Program } from './program.ts'
import type { Config } from './variables.ts'

/** What a command meets is told beside what it answers, on standard error: answers are piped on. */
export const commandLogger = (program: Program, { LOG_LEVEL }: Pick<Config, 'LOG_LEVEL'>): Logger =>
  createLogger({ level: LOG_LEVEL, destination: { write: (line) => program.complain(line.trimEnd()) } })
