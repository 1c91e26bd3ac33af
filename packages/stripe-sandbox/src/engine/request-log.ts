import type { FormTree } from './form.ts'

/** A request that the sandbox has answered, or not, as a fault may have it. */
export interface LoggedRequest {
  readonly id: string
  /** Virtual time. */
  readonly created: number
  readonly method: string
  readonly path: string
  /** The parameters as sent. */
  readonly params: FormTree
  readonly idempotency_key: string | null
  readonly api_version: string
  /** Null when the connection was cut. */
  readonly status: number | null
  readonly replayed: boolean
  /** The fault that hit it. */
  readonly fault: string | null
}

/** The last requests, oldest first. */
export interface RequestLog {
  list(): readonly LoggedRequest[]
  clear(): void
}

/** Keeps the last `limit` requests. */
export function createRequestLog(limit: number): RequestLog & { add(request: LoggedRequest): void } {
  let requests: LoggedRequest[] = []
  return {
    list: () => [...requests],
    clear() {
      requests = []
    },
    add(request) {
      requests.push(request)
      if (requests.length > limit * 2) requests = requests.slice(-limit)
    },
  }
}
