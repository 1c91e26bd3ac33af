import { z } from 'zod'
import { currentApiVersion } from '../engine/api-versions.ts'
import type { SandboxClock } from '../engine/clock.ts'
import { type Context, createContext } from '../engine/context.ts'
import { readBody } from '../engine/control-route.ts'
import { type Faults, faultKinds } from '../engine/faults.ts'
import type { FormTree } from '../engine/form.ts'
import type { RequestLog } from '../engine/request-log.ts'
import { atomically } from '../engine/state.ts'
import { StripeFailure } from '../engine/stripe-failure.ts'
import type { SandboxWebhooks } from '../webhooks/webhooks.ts'
import { dayOf, words } from './page-text.ts'

/** What the page's buttons reach. */
export interface ActionParts {
  readonly context: Context
  readonly clock: SandboxClock
  readonly faults: Faults
  readonly requests: RequestLog
  readonly webhooks: SandboxWebhooks & { wake(): void }
  readonly control: (method: string, path: string, body?: object) => Promise<unknown>
  readonly reset: () => void
}

/** One button. Does it and says in a sentence what was done; a `StripeFailure` says why it was not. */
interface Action {
  readonly run: (parts: ActionParts, form: unknown) => Promise<string> | string
}

function action<F extends z.ZodType>(
  form: F,
  run: (parts: ActionParts, form: z.output<F>) => Promise<string> | string,
): Action {
  return { run: (parts, sent) => run(parts, readBody(form, sent)) }
}

/** An empty field of a form was not filled in. */
const filled = <T extends z.ZodType>(type: T) => z.preprocess((value) => (value === '' ? undefined : value), type)
const ticked = z.literal('on').optional()
const chance = z.coerce.number().min(0).max(1)
const ofId = z.strictObject({ id: z.string() })

const actions: Readonly<Record<string, Action>> = {
  advance: action(z.strictObject({ seconds: z.coerce.number().min(0) }), async ({ clock }, { seconds }) => {
    await clock.advance(seconds)
    return nowIs(clock)
  }),
  'move-to': action(z.strictObject({ moment: z.iso.datetime({ local: true }) }), async ({ clock }, { moment }) => {
    const unix = Math.floor(Date.parse(`${moment}Z`) / 1000)
    if (unix < clock.now()) throw refusal('The clock only moves forward.')
    await clock.advanceTo(unix)
    return nowIs(clock)
  }),
  next: action(z.strictObject({}), async ({ clock, context }) => {
    const [next] = context.state.tasks
    if (next === undefined) throw refusal('Nothing is planned.')
    await clock.advanceTo(Math.max(next.at, clock.now()))
    return nowIs(clock)
  }),
  authenticate: action(
    z.strictObject({ id: z.string(), outcome: z.enum(['succeed', 'fail']) }),
    async ({ control }, { id, outcome }) => {
      const kind = id.startsWith('seti_') ? 'setup_intents' : 'payment_intents'
      await control('POST', `/${kind}/${id}/authenticate`, { outcome })
      return outcome === 'succeed' ? `3-D Secure of ${id} is complete.` : `3-D Secure of ${id} has failed.`
    },
  ),
  'complete-checkout': action(
    z.strictObject({ id: z.string(), payment_method: z.string() }),
    async ({ control }, { id, payment_method }) => {
      const answer = await control('POST', `/checkout/sessions/${id}/complete`, { payment_method })
      const declined = typeof answer === 'object' && answer !== null && 'error' in answer
      return declined ? `The card was declined; ${id} stays open.` : `The customer has gone through ${id}.`
    },
  ),
  refund: action(
    z.strictObject({ id: z.string(), amount: z.coerce.number().int().min(1) }),
    (parts, { id, amount }) => {
      viaApi(parts, '/v1/refunds', { payment_intent: id, amount: String(amount) })
      return `Refunded ${id}.`
    },
  ),
  capture: action(ofId, (parts, { id }) => {
    viaApi(parts, `/v1/payment_intents/${id}/capture`, {})
    return `Captured ${id}.`
  }),
  redeliver: action(z.strictObject({ event: z.string() }), async ({ control }, { event }) => {
    await control('POST', `/webhooks/${event}/redeliver`)
    return `Delivered ${event} again.`
  }),
  flush: action(z.strictObject({}), async ({ webhooks }) => {
    const sent = await webhooks.flush()
    return `Sent ${sent} ${sent === 1 ? 'webhook' : 'webhooks'}.`
  }),
  mode: action(
    z.strictObject({
      hold: ticked,
      before_answer: ticked,
      duplicate: chance,
      drop: chance,
      reorder: z.coerce.number().int().min(1),
      delay: z.coerce.number().int().min(0),
    }),
    ({ webhooks }, { hold, before_answer: early, ...rest }) => {
      webhooks.setMode({ ...rest, hold: hold === 'on', before_answer: early === 'on' })
      return 'Webhooks behave as you said.'
    },
  ),
  calm: action(z.strictObject({}), ({ webhooks }) => {
    webhooks.setMode()
    return 'Webhooks are calm again.'
  }),
  fault: action(
    z.strictObject({
      kind: z.enum(faultKinds),
      method: filled(z.enum(['GET', 'POST', 'DELETE']).optional()),
      path: filled(z.string().startsWith('/').optional()),
      times: z.coerce.number().int().min(1),
      status: filled(z.coerce.number().int().min(400).max(599).optional()),
      delay_ms: z.coerce.number().int().min(0),
    }),
    ({ faults }, { method, path, status, ...fault }) => {
      faults.inject({
        ...fault,
        ...(method === undefined ? {} : { method }),
        ...(path === undefined ? {} : { path }),
        ...(status === undefined ? {} : { status }),
      })
      return `The next call that fits will meet "${words(fault.kind)}".`
    },
  ),
  'clear-faults': action(z.strictObject({}), ({ faults }) => {
    faults.clear()
    return 'No fault waits any more.'
  }),
  'forget-requests': action(z.strictObject({}), ({ requests }) => {
    requests.clear()
    return 'The log is empty.'
  }),
  reset: action(z.strictObject({}), ({ reset }) => {
    reset()
    return 'The sandbox is as it started.'
  }),
}

const nowIs = (clock: SandboxClock): string => `It is ${dayOf(clock.now())} now, and all that fell due has happened.`

const refusal = (message: string): StripeFailure => new StripeFailure(400, { type: 'invalid_request_error', message })

/** Does what an operation of the API does, as the dashboard: without a key, a log entry or a fault. */
function viaApi({ context, webhooks }: ActionParts, path: string, form: FormTree): void {
  const { registry, state } = context
  const match = registry.matchRoute('POST', path)
  if (match === undefined) throw refusal(`This sandbox has no ${path}.`)
  const prepared = match.route.prepare(form, match.ids)
  const dashboard = createContext({ registry, state }, { apiVersion: currentApiVersion })
  atomically(
    state,
    () => prepared.run(dashboard),
    (error) => error instanceof StripeFailure && error.rules.keepsEffects,
  )
  webhooks.wake()
}

/** Presses a button. */
export async function act(parts: ActionParts, name: string, form: unknown): Promise<{ done: boolean; note: string }> {
  const found = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (found === undefined) return { done: false, note: `The page has no button ${name}.` }
  try {
    return { done: true, note: await found.run(parts, form) }
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error
    return { done: false, note: error.message }
  }
}
