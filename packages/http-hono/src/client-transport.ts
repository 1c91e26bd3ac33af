import type { Problem } from './wire/problem.ts'

export interface FlorinClientOptions {
  /** Where Florin is served, e.g. `https://payments.example.com`. */
  readonly baseUrl: string
  /** The bearer token, or what gives a fresh one for each request. */
  readonly token: string | (() => string | Promise<string>)
  readonly fetch?: typeof fetch
  /** How often a request that may be sent again is sent again. Default 3. */
  readonly retries?: number
  /** Milliseconds that one try may take. Default 35 000: longer than the server takes to give up. */
  readonly timeout?: number
}

/** What Florin answered instead of what was asked for. Switch on `code`. */
export class FlorinApiError extends Error {
  override readonly name = 'FlorinApiError'
  readonly status: number
  readonly code: string
  /** The whole answer, e.g. with the declined `payment`, the wrong `errors`, or the `object_id` of what is pending. */
  readonly problem: Problem

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`)
    this.status = problem.status
    this.code = problem.code
    this.problem = problem
  }
}

export interface ClientRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: object
  readonly idempotencyKey?: string | undefined
}

export type SendRequest = <Answer>(request: ClientRequest) => Promise<Answer>

// Nothing was done, or it is not known yet and the same key finds out: sending again is safe and useful.
const worthRepeating = [
  'operation_in_progress',
  'rate_limited',
  'authentication_unavailable',
  'overloaded',
  'storage_unavailable',
  'gateway_unavailable',
  'gateway_outcome_unknown',
]

/** Sends requests, again where that is safe. Changes keep their idempotency key over all tries. */
export function transport(options: FlorinClientOptions): SendRequest {
  const { baseUrl, token, fetch: send = fetch, retries = 3, timeout = 35_000 } = options
  const attempt = async (request: ClientRequest): Promise<Response> => {
    const { method, path, body, idempotencyKey } = request
    const bearer = typeof token === 'string' ? token : await token()
    return send(`${baseUrl.replace(/\/+$/, '')}/api/v1${path}${queryString(request)}`, {
      method,
      headers: {
        Authorization: `Bearer ${bearer}`,
        ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeout),
    })
  }
  return async <Answer>(request: ClientRequest) => {
    for (let tries = 0; ; tries += 1) {
      const last = tries >= retries
      try {
        const response = await attempt(request)
        // The server's answers have the types that its own schemas have; that is what this client is made from.
        if (response.ok) return (response.status === 204 ? undefined : await response.json()) as Answer
        const error = new FlorinApiError(await problemIn(response))
        if (last || !worthRepeating.includes(error.code)) throw error
        await wait(secondsIn(response) ?? backOff(tries))
      } catch (error) {
        if (error instanceof FlorinApiError || last) throw error
        // No answer at all: the key makes sure that it is done once, however often it is sent.
        await wait(backOff(tries))
      }
    }
  }
}

function queryString({ query = {} }: ClientRequest): string {
  const set = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  )
  return set.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(set))}`
}

/** The problem that was answered; one is made up for answers of proxies, which know no problem+json. */
async function problemIn(response: Response): Promise<Problem> {
  const text = await response.text()
  if (response.headers.get('content-type')?.includes('application/problem+json')) return JSON.parse(text)
  const { status } = response
  const code = status === 503 || status === 502 ? 'overloaded' : 'unexpected_answer'
  const detail = `answered ${status} without a problem+json`
  return { type: `urn:florin:error:${code}`, title: 'Unexpected answer', status, detail, code, request_id: '' }
}

function secondsIn(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? Math.min(seconds, 60) : undefined
}

const backOff = (tries: number) => Math.min(0.25 * 2 ** tries, 8) * (0.5 + Math.random() / 2)

const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
