/** Codes of what is wrong with the HTTP request itself, before any use case is asked. */
export type HttpErrorCode =
  | 'body_malformed'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'route_not_found'
  | 'method_not_allowed'

/** A request that HTTP itself refuses. Use cases never throw it; their errors are core's. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: HttpErrorCode
  /** Headers that the answer needs, e.g. `Allow`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: HttpErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.headers = headers
  }
}
