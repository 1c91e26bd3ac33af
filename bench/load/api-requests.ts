import { address, httpRequest } from './http.ts'

/**
 * Requests to an API: the given bodies or paths in turn. `#` in a path or header stands for the number of the request,
 * so that each idempotency key is new.
 */
export function makeRequests(parameters: Readonly<Record<string, unknown>>, count: number): readonly Buffer[] {
  const { method, paths, bodies, headers } = parameters as unknown as ApiRequests // the suites send nothing else
  const many = bodies ? count : paths.length
  return Array.from({ length: many }, (_, index) => {
    const numbered = Object.entries(headers).map(([name, value]) => [name, value.replace('#', String(index))])
    const path = paths[index % paths.length] ?? '/'
    const body = bodies ? JSON.stringify(bodies[index % bodies.length]) : ''
    const all = { ...Object.fromEntries(numbered), 'X-Forwarded-For': address(index) }
    return httpRequest(method, path, body ? { ...all, 'Content-Type': 'application/json' } : all, body)
  })
}

export interface ApiRequests {
  readonly method: string
  readonly paths: readonly string[]
  readonly bodies?: readonly object[]
  readonly headers: Readonly<Record<string, string>>
}
