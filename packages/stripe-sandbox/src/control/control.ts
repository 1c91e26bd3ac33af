import { type Answer, failureBody, toJson } from '../engine/answer.ts'
import { currentApiVersion } from '../engine/api-versions.ts'
import type { SandboxClock } from '../engine/clock.ts'
import { createContext } from '../engine/context.ts'
import type { Faults } from '../engine/faults.ts'
import type { Registry } from '../engine/registry.ts'
import type { RequestLog } from '../engine/request-log.ts'
import { atomically, type State } from '../engine/state.ts'
import { invalidParam, invalidRequest, StripeFailure } from '../engine/stripe-failure.ts'
import type { SandboxWebhooks } from '../webhooks/webhooks.ts'
import { readClockMove, readFault, readJson, readMode } from './control-input.ts'

/** What the control API steers. */
export interface ControlParts {
  readonly engine: { readonly state: State; readonly registry: Registry }
  readonly clock: SandboxClock
  readonly faults: Faults
  readonly requests: RequestLog
  readonly webhooks: SandboxWebhooks & { wake(): void }
  readonly state: { snapshot(): object; reset(): void }
}

type Body = Readonly<Record<string, unknown>>
type Action = (parts: ControlParts, body: Body) => object | Promise<object>

const actions: Readonly<Record<string, Action>> = {
  'GET /requests': ({ requests }) => ({ data: requests.list() }),
  'DELETE /requests': ({ requests }) => {
    requests.clear()
    return { data: [] }
  },
  'GET /clock': ({ clock }) => ({ now: clock.now() }),
  'POST /clock': async ({ clock }, body) => {
    const move = readClockMove(body)
    if ('to' in move && move.to < clock.now()) throw invalidParam('The clock only moves forward.', 'to')
    if ('to' in move) await clock.advanceTo(move.to)
    else await clock.advance(move.advance)
    return { now: clock.now() }
  },
  'GET /faults': ({ faults }) => ({ data: faults.list() }),
  'POST /faults': ({ faults }, body) => faults.inject(readFault(body)),
  'DELETE /faults': ({ faults }) => {
    faults.clear()
    return { data: [] }
  },
  'GET /webhooks': ({ webhooks }) => ({ mode: webhooks.mode(), data: webhooks.deliveries() }),
  'POST /webhooks/mode': ({ webhooks }, body) =>
    Object.keys(body).length === 0 ? webhooks.setMode() : webhooks.setMode(readMode(body)),
  'POST /webhooks/flush': async ({ webhooks }) => ({ delivered: await webhooks.flush() }),
  'POST /webhooks/settle': async ({ webhooks }) => {
    await webhooks.settled()
    return { settled: true }
  },
  'GET /state': ({ state }) => state.snapshot(),
  'POST /reset': ({ state, clock }) => {
    state.reset()
    return { now: clock.now() }
  },
}

/** The control API, as a function and as an HTTP answer. */
export function createControl(parts: ControlParts): {
  call(method: string, path: string, body?: object): Promise<unknown>
  answer(method: string, path: string, body: string): Promise<Answer>
} {
  const perform = async (method: string, path: string, body: Body): Promise<object> => {
    const action = actions[`${method} ${path}`]
    if (action !== undefined) return action(parts, body)
    const redelivered = /^\/webhooks\/(\w+)\/redeliver$/.exec(path)?.[1]
    if (method === 'POST' && redelivered !== undefined) return redeliver(parts, redelivered)
    const match = parts.engine.registry.matchControl(method, path)
    if (match === undefined) {
      throw new StripeFailure(404, { type: 'invalid_request_error', message: `no control ${method} ${path}` })
    }
    const context = createContext(parts.engine, { apiVersion: currentApiVersion })
    const result = atomically(
      parts.engine.state,
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
        const text = failureBody(error, 'req_control', parts.clock.now())
        return { status: error.status, headers: { 'content-type': 'application/json' }, body: text }
      }
    },
  }
}

async function redeliver({ webhooks }: ControlParts, event: string): Promise<object> {
  if (!webhooks.deliveries().some((delivery) => delivery.event === event)) {
    throw invalidRequest(`There is no delivery of the event '${event}'.`)
  }
  await webhooks.redeliver(event)
  return { data: webhooks.deliveries().filter((delivery) => delivery.event === event) }
}
