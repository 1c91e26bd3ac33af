import { type Answer, toJson } from '../engine/answer.ts'
import { currentApiVersion } from '../engine/api-versions.ts'
import { createContext } from '../engine/context.ts'
import { createMatcher, type Registry } from '../engine/registry.ts'
import { atomically, type State } from '../engine/state.ts'
import { invalidRequest, StripeFailure } from '../engine/stripe-failure.ts'
import { describeControls } from './openapi.ts'
import { type SystemControl, type SystemParts, systemControls } from './system-controls.ts'

/** What the control API steers. */
export interface ControlParts extends SystemParts {
  readonly engine: { readonly state: State; readonly registry: Registry }
  readonly webhooks: SystemParts['webhooks'] & { wake(): void }
}

type Body = Readonly<Record<string, unknown>>

/** The control API, as a function and as an HTTP answer. */
export function createControl(parts: ControlParts): {
  call(method: string, path: string, body?: object): Promise<unknown>
  answer(method: string, path: string, body: string): Promise<Answer>
} {
  const { registry, state } = parts.engine
  const description: SystemControl = {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This description.',
    run: () => describeControls(declared),
  }
  const system = [...systemControls, description]
  const declared = [...system, ...registry.slices.flatMap((slice) => slice.controls ?? [])]
  const matchSystem = createMatcher(system)
  const perform = async (method: string, path: string, body: Body): Promise<object> => {
    const found = matchSystem(method, path)
    if (found !== undefined) return found.route.run(parts, body, found.ids[0] ?? '')
    const match = registry.matchControl(method, path)
    if (match === undefined) {
      const message = `no control ${method} /_sandbox${path}: GET /_sandbox/openapi.json describes them`
      throw new StripeFailure(404, { type: 'invalid_request_error', message })
    }
    const context = createContext(parts.engine, { apiVersion: currentApiVersion })
    const result = atomically(
      state,
      () => match.route.handler(context, body, match.ids[0] ?? ''),
      () => false,
    )
    parts.webhooks.wake()
    return result
  }
  return {
    call: async (method, path, body = {}) =>
      structuredClone(await perform(method, path, readJson(JSON.stringify(body)))),
    async answer(method, path, body) {
      try {
        const result = await perform(method, path, body === '' ? {} : readJson(body))
        return { status: 200, headers: { 'content-type': 'application/json' }, body: toJson(result) }
      } catch (error) {
        if (!(error instanceof StripeFailure)) throw error
        // Not as Stripe's own failures: nothing at Stripe knows of this request.
        const text = toJson({ error: error.body })
        return { status: error.status, headers: { 'content-type': 'application/json' }, body: text }
      }
    },
  }
}

function readJson(text: string): Body {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidRequest('The body is not JSON.')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw invalidRequest('The body is not a JSON object.')
}
