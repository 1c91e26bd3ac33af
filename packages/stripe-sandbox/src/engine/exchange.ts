import { type ApiOutcome, apiErrorBody, toJson } from './answer.ts'
import { type ApiKey, readApiKey, secretKeyRequired } from './api-key.ts'
import { apiVersions, currentApiVersion } from './api-versions.ts'
import { type Context, createContext } from './context.ts'
import { type AnswerParts, answerOf, failureParts, htmlOutcome, type Running, sendBack } from './exchange-answer.ts'
import { expandObject } from './expand.ts'
import type { Fault } from './faults.ts'
import { findRoute, refuseOtherAccount } from './find-route.ts'
import { decodeForm, fingerprint } from './form.ts'
import { checkKey, findSavedAnswer, keyInUse, savedAnswers } from './idempotency.ts'
import { nextId } from './ids.ts'
import { lockTimeout, rateLimited } from './limits.ts'
import type { Registry } from './registry.ts'
import { renderFor } from './render.ts'
import type { LoggedRequest } from './request-log.ts'
import type { PreparedCall } from './slice.ts'
import { atomically, createStore, type State } from './state.ts'
import { invalidRequest, StripeFailure } from './stripe-failure.ts'

/** The parts of a sandbox that answer requests. */
export interface ExchangeParts {
  readonly state: State
  readonly registry: Registry
  readonly faults: { take(method: string, path: string): Fault | undefined }
  readonly locks: { hold(ids: readonly string[]): () => void }
  readonly limit: (endpoint: string) => void
  readonly log: { add(request: LoggedRequest): void }
  readonly keys: readonly string[] | undefined
  /** Real milliseconds that every POST and DELETE takes before its effect, holding its key and its lock. */
  readonly latency: number
  readonly sleep: (ms: number) => Promise<void>
  /** Called after each effect, so that deliveries can start. */
  readonly effectDone: () => void
}

/** A request as it came in, without its transport. */
export interface IncomingCall {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly body: string
  readonly header: (name: string) => string | null
}

/** Answers requests one by one. Only stalls and latency wait; every effect is a single synchronous step. */
export function createExchange(parts: ExchangeParts): (incoming: IncomingCall) => Promise<ApiOutcome> {
  const inProgress = new Set<string>()
  return async (incoming) => {
    const running: Running = {
      incoming,
      requestId: nextId(parts.state, 'req', 14),
      key: incoming.method === 'POST' ? incoming.header('idempotency-key') || null : null,
      fault: parts.faults.take(incoming.method, incoming.path),
      version: currentApiVersion,
      form: {},
      replayed: false,
    }
    let outcome: ApiOutcome
    try {
      outcome = await perform(parts, running, inProgress)
    } catch (error) {
      const failure = error instanceof StripeFailure ? error : defectOf(error)
      outcome = answerOf(parts, running, failureParts(parts, running, failure))
    }
    parts.log.add({
      id: running.requestId,
      created: parts.state.now,
      method: incoming.method,
      path: incoming.path,
      params: running.form,
      idempotency_key: running.key,
      api_version: running.version,
      status: outcome.kind === 'cut' ? null : outcome.answer.status,
      replayed: running.replayed,
      fault: running.fault?.kind ?? null,
    })
    return outcome
  }
}

async function perform(parts: ExchangeParts, running: Running, inProgress: Set<string>): Promise<ApiOutcome> {
  const { incoming, key, fault } = running
  const apiKey = readApiKey(incoming.header('authorization'), parts.keys)
  const match = findRoute(parts.registry, incoming)
  if (apiKey.publishable && !match.route.publishable) throw secretKeyRequired()
  refuseOtherAccount(incoming.header)
  running.version = readVersion(incoming.header('stripe-version'))
  running.form = decodeForm(incoming.method === 'GET' || incoming.body === '' ? incoming.query : incoming.body)
  parts.limit(`${match.route.method} ${match.route.path}`)
  const refused = refusedByFault(parts, running)
  if (refused !== undefined) return refused
  if (key !== null) {
    checkKey(key)
    const replay = replayOf(parts, running, key, inProgress)
    if (replay !== undefined) return sendBack(parts, running, replay)
  }
  const prepared = match.route.prepare(running.form, match.ids)
  const context = contextOf(parts, running, apiKey)
  const release = parts.locks.hold(prepared.locks(context))
  if (key !== null) inProgress.add(key)
  // Once only: after it, the same lock and key may already belong to another request.
  const letGo = once(() => {
    release()
    if (key !== null) inProgress.delete(key)
  })
  try {
    const wait = (fault?.kind === 'stall_before' ? (fault.delay_ms ?? 1000) : 0) + latencyOf(parts, incoming)
    if (wait > 0) await parts.sleep(wait)
    return await sendBack(parts, running, takeEffect(parts, running, prepared, context, letGo))
  } finally {
    letGo()
  }
}

function once(work: () => void): () => void {
  let done = false
  return () => {
    if (!done) work()
    done = true
  }
}

const latencyOf = (parts: ExchangeParts, { method }: IncomingCall): number => (method === 'GET' ? 0 : parts.latency)

const contextOf = (parts: ExchangeParts, running: Running, apiKey: ApiKey): Context =>
  createContext(parts, {
    cause: { id: running.requestId, idempotency_key: running.key },
    apiVersion: running.version,
    publishable: apiKey.publishable,
  })

/** Runs the handler as one step, saves what the key has to remember and lets go of lock and key. */
function takeEffect(
  parts: ExchangeParts,
  running: Running,
  prepared: PreparedCall,
  context: Context,
  letGo: () => void,
): AnswerParts {
  const { state } = parts
  const { fault, key } = running
  let result: AnswerParts & { saved: boolean }
  try {
    const object = atomically(
      state,
      () => expandObject(context, prepared.run(context), prepared.expand),
      (error) => error instanceof StripeFailure && error.rules.keepsEffects,
    )
    result = { status: 200, body: toJson(renderFor(context, object, running.version)), saved: true }
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error
    result = { ...failureParts(parts, running, error), saved: error.rules.saved }
  }
  if (fault?.kind === 'fail_after') {
    result = { status: fault.status ?? 500, body: apiErrorBody(), saved: fault.saved ?? true }
  }
  if (key !== null && result.saved) save(parts, running, key, result)
  letGo()
  parts.effectDone()
  return result
}

function save(parts: ExchangeParts, running: Running, key: string, { status, body }: AnswerParts): void {
  createStore(parts.state).put(savedAnswers, {
    id: key,
    method: running.incoming.method,
    path: running.incoming.path,
    fingerprint: fingerprint(running.form),
    created: parts.state.now,
    request: running.requestId,
    status,
    body,
  })
}

function replayOf(
  parts: ExchangeParts,
  running: Running,
  key: string,
  inProgress: ReadonlySet<string>,
): AnswerParts | undefined {
  const { method, path } = running.incoming
  const asked = { key, method, path, fingerprint: fingerprint(running.form), now: parts.state.now }
  const saved = findSavedAnswer(createStore(parts.state), asked)
  if (saved === undefined) {
    if (inProgress.has(key)) throw keyInUse(key)
    return undefined
  }
  running.replayed = true
  return { status: saved.status, body: saved.body, original: saved.request, headers: { 'idempotent-replayed': 'true' } }
}

/** Faults that answer instead of the effect. */
function refusedByFault(parts: ExchangeParts, running: Running): ApiOutcome | undefined {
  const { fault, key } = running
  if (fault === undefined) return undefined
  switch (fault.kind) {
    case 'rate_limit':
      throw rateLimited('global-rate')
    case 'lock_timeout':
      throw lockTimeout()
    case 'conflict':
      throw keyInUse(key ?? '')
    case 'cut_before':
      return { kind: 'cut' }
    case 'fail_before': {
      const failed = { status: fault.status ?? 500, body: apiErrorBody() }
      if (key !== null && fault.saved === true) save(parts, running, key, failed)
      return answerOf(parts, running, failed)
    }
    case 'html':
      return fault.after_effect === true ? undefined : htmlOutcome(fault)
    default:
      return undefined
  }
}

function readVersion(header: string | null): string {
  if (header === null || header === '') return currentApiVersion
  if (apiVersions.includes(header)) return header
  throw invalidRequest(`Invalid Stripe API version: ${header}`, { saved: false })
}

/** A fault of the sandbox itself. Nothing was changed; the message says what broke, for whoever wrote the slice. */
const defectOf = (error: unknown): StripeFailure =>
  new StripeFailure(
    500,
    {
      type: 'api_error',
      message: `The sandbox itself failed: ${error instanceof Error ? error.stack : String(error)}`,
    },
    { saved: false, headers: { 'stripe-should-retry': 'false' } },
  )
