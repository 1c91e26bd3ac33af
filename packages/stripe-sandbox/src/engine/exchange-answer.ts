import { type Answer, type ApiOutcome, failureBody, htmlBody } from './answer.ts'
import type { ExchangeParts, IncomingCall } from './exchange.ts'
import type { Fault } from './faults.ts'
import type { FormTree } from './form.ts'
import type { StripeFailure } from './stripe-failure.ts'

/** A request that is being answered, with what is known of it by now. */
export interface Running {
  readonly incoming: IncomingCall
  readonly requestId: string
  readonly key: string | null
  readonly fault: Fault | undefined
  version: string
  form: FormTree
  replayed: boolean
}

/** What an answer is made of, before its headers. */
export interface AnswerParts {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  readonly original?: string
}

/** Sends an answer back, through the faults that hit one on its way: it may come late, cut short, or not at all. */
export async function sendBack(parts: ExchangeParts, running: Running, result: AnswerParts): Promise<ApiOutcome> {
  const { fault } = running
  if (fault?.kind === 'cut') return { kind: 'cut' }
  if (fault?.kind === 'html') return htmlOutcome(fault)
  if (fault?.kind === 'stall') await parts.sleep(fault.delay_ms ?? 1000)
  const outcome = answerOf(parts, running, result)
  return fault?.kind === 'truncate' ? { kind: 'truncated', answer: outcome.answer } : outcome
}

/** What a proxy in between would answer. */
export const htmlOutcome = (fault: Fault): ApiOutcome => {
  const status = fault.status ?? 502
  const answer: Answer = { status, headers: { 'content-type': 'text/html' }, body: htmlBody(status) }
  return { kind: 'answer', answer }
}

/** A failure of Stripe's as an answer. */
export const failureParts = (parts: ExchangeParts, running: Running, error: StripeFailure): AnswerParts => ({
  status: error.status,
  body: failureBody(error, running.requestId, parts.state.now),
  headers: error.rules.headers,
})

/** An answer with the headers that Stripe's answers have. */
export function answerOf(
  parts: ExchangeParts,
  running: Running,
  { status, body, headers, original }: AnswerParts,
): { kind: 'answer'; answer: Answer } {
  const { incoming, fault, key, requestId, version } = running
  const failedByFault = fault?.kind === 'fail_before' || fault?.kind === 'fail_after'
  // Stripe says "false" on ordinary answers to POST; where it is silent the client decides by the status.
  const silent = status === 409 || status === 429 || status >= 500
  const retry = failedByFault ? fault.should_retry : incoming.method === 'POST' && !silent ? false : undefined
  const answer: Answer = {
    status,
    body,
    headers: {
      'content-type': 'application/json',
      date: new Date(parts.state.now * 1000).toUTCString(),
      'request-id': requestId,
      'stripe-version': version,
      ...(key === null ? {} : { 'idempotency-key': key, 'original-request': original ?? requestId }),
      ...(retry === undefined ? {} : { 'stripe-should-retry': String(retry) }),
      ...headers,
    },
  }
  return { kind: 'answer', answer }
}
