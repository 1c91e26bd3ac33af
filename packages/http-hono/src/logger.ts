import { isFlorinError, maskCardNumbers } from '@florin/core'
import { type DestinationStream, pino, stdTimeFunctions } from 'pino'

type Write = (fields: object, message: string) => void

/** What this package logs through; a pino logger is one. */
export interface Logger {
  readonly debug: Write
  readonly info: Write
  readonly warn: Write
  readonly error: Write
}

export interface LoggerOptions {
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where lines go; standard output where absent. */
  readonly destination?: DestinationStream
}

const secretFields = new Set([
  ...['authorization', 'token', 'password', 'secret', 'client_secret', 'clientSecret', 'signature', 'payload'],
  ...['body', 'raw', 'metadata', 'description', 'email', 'card', 'apiKey', 'encryptionKey'],
])

/**
 * One JSON line per event, with `level` INFO, WARN, ERROR or DEBUG. Secrets, tokens, payloads and personal data are
 * redacted by name, however deep; errors are cut to what names the fault.
 */
export function createLogger({ level = 'info', destination }: LoggerOptions = {}): Logger {
  const options = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    // By hand: pino's own redaction of so many paths costs more than the rest of the line.
    formatters: {
      level: (label: string) => ({ level: label.toUpperCase() }),
      log: (fields: object) => redacted(fields),
    },
    serializers: { err: describeError },
  }
  return destination ? pino(options, destination) : pino(options)
}

/**
 * Standard output for a server's many lines: what is logged within a tenth of a second is written at once, and the rest
 * when the process ends. Written one by one, lines cost more than all that they tell of.
 */
export function gatheredOutput(): DestinationStream {
  const output = pino.destination({ fd: 1, sync: true, minLength: 4096, periodicFlush: 100 })
  let isTold = false
  // A disk that is full must not end the server, nor fill what is left.
  output.on('error', (error: Error) => {
    if (!isTold) process.stderr.write(`standard output cannot be written: ${error.message}\n`)
    isTold = true
  })
  process.once('exit', () => output.flush())
  return output
}

// Deeper than any line of ours, and an end for objects that hold themselves.
const DEEPEST = 4

function redacted(fields: object, depth = 0): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    shown[name] = secretFields.has(name) ? '[redacted]' : redactedValue(value, depth + 1)
  }
  return shown
}

function redactedValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (depth > DEEPEST) return '[deep]'
  return Array.isArray(value) ? value.map((item) => redactedValue(item, depth + 1)) : redacted(value, depth)
}

/**
 * What may be logged of an error. Never its other fields: an error of Stripe's carries the whole PaymentIntent, client
 * secret included.
 */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error }
  return {
    type: error.name,
    message: scrubbed(error.message),
    ...(isFlorinError(error) && { code: error.code, kind: error.kind }),
    ...(error.stack !== undefined && { stack: scrubbed(error.stack) }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  }
}

const secrets =
  /\b(?:sk|rk|pk|whsec)_[A-Za-z0-9_]+|\b[a-z]+(?:_[A-Za-z0-9]+)*_secret_[A-Za-z0-9]+|(?<=:\/\/[^\s:@/]*:)[^\s@/]+(?=@)/g

/** A text without keys, client secrets, passwords of connections and card numbers: drivers and SDKs put them into messages. */
export const scrubbed = (text: string) => maskCardNumbers(text.replaceAll(secrets, '[redacted]'))
