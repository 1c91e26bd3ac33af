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

const secretFields = [
  ...['authorization', 'token', 'password', 'secret', 'client_secret', 'clientSecret', 'signature', 'payload'],
  ...['body', 'raw', 'metadata', 'description', 'email', 'card', 'apiKey', 'encryptionKey'],
]

/**
 * One JSON line per event, with `level` INFO, WARN, ERROR or DEBUG. Secrets, tokens, payloads and personal data are
 * redacted by name, at the top and one level below; errors are cut to what names the fault.
 */
export function createLogger({ level = 'info', destination }: LoggerOptions = {}): Logger {
  const options = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label.toUpperCase() }) },
    redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
    serializers: { err: describeError },
  }
  return destination ? pino(options, destination) : pino(options)
}

/**
 * What may be logged of an error. Never its other fields: an error of Stripe's carries the whole PaymentIntent, client
 * secret included.
 */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error }
  return {
    type: error.name,
    message: scrub(error.message),
    ...(isFlorinError(error) && { code: error.code, kind: error.kind }),
    ...(error.stack !== undefined && { stack: scrub(error.stack) }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  }
}

const secrets =
  /\b(?:sk|rk|pk|whsec)_[A-Za-z0-9_]+|\b(?:pi|seti)_[A-Za-z0-9]+_secret_[A-Za-z0-9]+|(?<=:\/\/[^\s:@/]*:)[^\s@/]+(?=@)/g

// Drivers and SDKs put connection strings and keys into their messages.
const scrub = (text: string) => maskCardNumbers(text.replaceAll(secrets, '[redacted]'))
