import type { FaultKind, FaultRequest } from '../engine/faults.ts'
import { invalidParam, invalidRequest } from '../engine/stripe-failure.ts'
import { calmMode, type WebhookMode } from '../webhooks/webhook-mode.ts'

type Body = Readonly<Record<string, unknown>>

const faultKinds: Readonly<Record<FaultKind, true>> = {
  fail_before: true,
  fail_after: true,
  cut: true,
  cut_before: true,
  truncate: true,
  stall: true,
  stall_before: true,
  rate_limit: true,
  lock_timeout: true,
  conflict: true,
  html: true,
}

const isRecord = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value)

const isFaultKind = (value: unknown): value is FaultKind =>
  typeof value === 'string' && Object.hasOwn(faultKinds, value)

/** Reads a JSON object. */
export function readJson(text: string): Body {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidRequest('The body is not JSON.')
  }
  if (!isRecord(value)) throw invalidRequest('The body is not a JSON object.')
  return value
}

/** Reads `{ "advance": seconds }` or `{ "to": unix }`. */
export function readClockMove(body: Body): { advance: number } | { to: number } {
  refuseUnknown(body, ['advance', 'to'])
  const to = numberIn(body, 'to')
  const advance = numberIn(body, 'advance')
  if (to !== undefined && advance === undefined) return { to }
  if (advance !== undefined && advance >= 0 && to === undefined) return { advance }
  throw invalidRequest('Give either "advance" (seconds, not negative) or "to" (Unix seconds).')
}

/** Reads a fault to inject. */
export function readFault(body: Body): FaultRequest {
  refuseUnknown(body, [
    'kind',
    'times',
    'method',
    'path',
    'status',
    'delay_ms',
    'saved',
    'after_effect',
    'should_retry',
  ])
  const { kind } = body
  if (!isFaultKind(kind))
    throw invalidParam(`Invalid kind: must be one of ${Object.keys(faultKinds).join(', ')}`, 'kind')
  return {
    kind,
    ...defined('times', numberIn(body, 'times')),
    ...defined('method', textIn(body, 'method')),
    ...defined('path', textIn(body, 'path')),
    ...defined('status', numberIn(body, 'status')),
    ...defined('delay_ms', numberIn(body, 'delay_ms')),
    ...defined('saved', flagIn(body, 'saved')),
    ...defined('after_effect', flagIn(body, 'after_effect')),
    ...defined('should_retry', flagIn(body, 'should_retry')),
  }
}

/** Reads a change of the webhook mode. */
export function readMode(body: Body): Partial<WebhookMode> {
  refuseUnknown(body, Object.keys(calmMode))
  return {
    ...defined('hold', flagIn(body, 'hold')),
    ...defined('before_answer', flagIn(body, 'before_answer')),
    ...defined('duplicate', numberIn(body, 'duplicate')),
    ...defined('reorder', numberIn(body, 'reorder')),
    ...defined('delay', numberIn(body, 'delay')),
    ...defined('drop', numberIn(body, 'drop')),
    ...defined('concurrency', numberIn(body, 'concurrency')),
  }
}

function refuseUnknown(body: Body, known: readonly string[]): void {
  const unknown = Object.keys(body).find((key) => !known.includes(key))
  if (unknown !== undefined) throw invalidParam(`Received unknown parameter: ${unknown}`, unknown, 'parameter_unknown')
}

const defined = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } => {
  const entry: { [P in K]?: V } = {}
  if (value !== undefined) entry[key] = value
  return entry
}

function numberIn(body: Body, name: string): number | undefined {
  const value = body[name]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw invalidParam(`Invalid number: ${String(value)}`, name)
}

function textIn(body: Body, name: string): string | undefined {
  const value = body[name]
  if (value === undefined || typeof value === 'string') return value
  throw invalidParam('Invalid string', name)
}

function flagIn(body: Body, name: string): boolean | undefined {
  const value = body[name]
  if (value === undefined || typeof value === 'boolean') return value
  throw invalidParam('Invalid boolean', name)
}
