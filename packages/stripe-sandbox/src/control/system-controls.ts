import { z } from 'zod'
import type { SandboxClock } from '../engine/clock.ts'
import { type ControlDeclaration, readBody } from '../engine/control-route.ts'
import { type Faults, faultKinds } from '../engine/faults.ts'
import type { RequestLog } from '../engine/request-log.ts'
import type { Method } from '../engine/slice.ts'
import { invalidParam, invalidRequest } from '../engine/stripe-failure.ts'
import type { SandboxWebhooks } from '../webhooks/webhooks.ts'

/** What these operations steer. */
export interface SystemParts {
  readonly clock: SandboxClock
  readonly faults: Faults
  readonly requests: RequestLog
  readonly webhooks: SandboxWebhooks
  readonly state: { snapshot(): object; reset(): void }
}

/** An operation that reaches beyond the stored objects: it may wait, and gets what surrounds the state. */
export interface SystemControl extends ControlDeclaration {
  readonly run: (parts: SystemParts, body: Readonly<Record<string, unknown>>, id: string) => object | Promise<object>
}

function system<B extends z.ZodType>(definition: {
  readonly method: Method
  readonly path: string
  readonly summary: string
  readonly body: B
  readonly run: (parts: SystemParts, body: z.output<B>, id: string) => object | Promise<object>
}): SystemControl {
  const { run, ...declaration } = definition
  return { ...declaration, run: (parts, sent, id) => run(parts, readBody(definition.body, sent), id) }
}

const nothing = z.strictObject({})
const chance = z.number().min(0).max(1).exactOptional()

/** Everything that concerns the sandbox as a whole. What concerns one kind of object stands in its slice. */
export const systemControls: readonly SystemControl[] = [
  system({
    method: 'GET',
    path: '/requests',
    summary: 'The last requests, oldest first.',
    body: nothing,
    run: ({ requests }) => ({ data: requests.list() }),
  }),
  system({
    method: 'DELETE',
    path: '/requests',
    summary: 'Forgets the logged requests.',
    body: nothing,
    run({ requests }) {
      requests.clear()
      return { data: [] }
    },
  }),
  system({
    method: 'GET',
    path: '/clock',
    summary: 'The virtual time in Unix seconds.',
    body: nothing,
    run: ({ clock }) => ({ now: clock.now() }),
  }),
  system({
    method: 'POST',
    path: '/clock',
    summary: 'Moves time on, by seconds or to a moment. Answers when all that fell due has run and was delivered.',
    body: z
      .strictObject({ advance: z.number().min(0).exactOptional(), to: z.number().exactOptional() })
      .refine(({ advance, to }) => (advance === undefined) !== (to === undefined), 'give either "advance" or "to"'),
    async run({ clock }, { advance, to }) {
      if (to !== undefined && to < clock.now()) throw invalidParam('The clock only moves forward.', 'to')
      if (to === undefined) await clock.advance(advance ?? 0)
      else await clock.advanceTo(to)
      return { now: clock.now() }
    },
  }),
  system({
    method: 'GET',
    path: '/faults',
    summary: 'The faults that still wait for calls.',
    body: nothing,
    run: ({ faults }) => ({ data: faults.list() }),
  }),
  system({
    method: 'POST',
    path: '/faults',
    summary: 'Breaks the next calls that match.',
    body: z.strictObject({
      kind: z.enum(faultKinds),
      times: z.int().min(1).exactOptional(),
      method: z.enum(['GET', 'POST', 'DELETE']).exactOptional(),
      path: z.string().regex(/^\//).exactOptional(),
      status: z.int().min(400).max(599).exactOptional(),
      delay_ms: z.int().min(0).exactOptional(),
      saved: z.boolean().exactOptional(),
      after_effect: z.boolean().exactOptional(),
      should_retry: z.boolean().exactOptional(),
    }),
    run: ({ faults }, fault) => faults.inject(fault),
  }),
  system({
    method: 'DELETE',
    path: '/faults',
    summary: 'Takes back the faults that still wait.',
    body: nothing,
    run({ faults }) {
      faults.clear()
      return { data: [] }
    },
  }),
  system({
    method: 'GET',
    path: '/webhooks',
    summary: 'The webhook mode, and every delivery with its attempts.',
    body: nothing,
    run: ({ webhooks }) => ({ mode: webhooks.mode(), data: webhooks.deliveries() }),
  }),
  system({
    method: 'POST',
    path: '/webhooks/mode',
    summary: 'Changes how deliveries misbehave. An empty body restores calm.',
    body: z.strictObject({
      hold: z.boolean().exactOptional(),
      before_answer: z.boolean().exactOptional(),
      duplicate: chance,
      drop: chance,
      reorder: z.int().min(1).exactOptional(),
      delay: z.int().min(0).exactOptional(),
      concurrency: z.int().min(1).exactOptional(),
    }),
    run: ({ webhooks }, mode) => (Object.keys(mode).length === 0 ? webhooks.setMode() : webhooks.setMode(mode)),
  }),
  system({
    method: 'POST',
    path: '/webhooks/flush',
    summary: 'Sends what is held or delayed, and waits for it.',
    body: nothing,
    run: async ({ webhooks }) => ({ delivered: await webhooks.flush() }),
  }),
  system({
    method: 'POST',
    path: '/webhooks/settle',
    summary: 'Answers when no delivery is under way or due.',
    body: nothing,
    async run({ webhooks }) {
      await webhooks.settled()
      return { settled: true }
    },
  }),
  system({
    method: 'POST',
    path: '/webhooks/:event/redeliver',
    summary: 'Sends an event once more to every endpoint that it was for.',
    body: nothing,
    async run({ webhooks }, _, event) {
      const concerned = () => webhooks.deliveries().filter((delivery) => delivery.event === event)
      if (concerned().length === 0) throw invalidRequest(`There is no delivery of the event '${event}'.`)
      await webhooks.redeliver(event)
      return { data: concerned() }
    },
  }),
  system({
    method: 'GET',
    path: '/state',
    summary: 'A snapshot of everything, for `restore`.',
    body: nothing,
    run: ({ state }) => state.snapshot(),
  }),
  system({
    method: 'POST',
    path: '/reset',
    summary: 'Back to how the sandbox started.',
    body: nothing,
    run({ state, clock }) {
      state.reset()
      return { now: clock.now() }
    },
  }),
]
