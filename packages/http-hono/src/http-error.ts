import type { FieldError } from '@florin/core'

/** Codes of what HTTP itself answers, before any use case is asked. */
export type HttpErrorCode =
  | 'body_malformed'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'authentication_unavailable'
  | 'route_not_found'
  | 'method_not_allowed'

interface HttpErrorExtras {
  /** Headers that the answer needs, e.g. `Allow`. */
  readonly headers?: Readonly<Record<string, string>>
  /** What is wrong with which field, by the names that were sent. */
  readonly fields?: readonly FieldError[]
  /** For the log. */
  readonly cause?: unknown
}

/** A request that HTTP itself refuses. Use cases never throw it; their errors are core's. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: HttpErrorCode | 'input_invalid'
  readonly extras: HttpErrorExtras

  constructor(code: HttpErrorCode | 'input_invalid', message: string, extras: HttpErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.code = code
    this.extras = extras
  }
}
