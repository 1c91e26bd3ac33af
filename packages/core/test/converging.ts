import fc from 'fast-check'
import { expect } from 'vitest'
import { live, type Stage, settle } from './live.ts'
import { anyLife, type Step } from './random-life.ts'
import type { SandboxedFlorin } from './sandboxed-florin.ts'
import { differences } from './truth.ts'

/** A stage of its own for one life. */
export interface OpenStage extends Stage, Pick<SandboxedFlorin, 'storage'> {
  close?(): Promise<void>
}

const LONG_MS = 400 * 24 * 3600_000

/** Rules of all stages. A key that is forgotten after a day would make a retry another request. */
export const stageSettings = { autoRefundDuplicates: true, idempotencyKeyMs: LONG_MS, operationRetentionMs: LONG_MS }

interface Range {
  /** The first seed; each schedule has one, so that long runs can go on where they were broken off. */
  readonly from: number
  readonly schedules: number
  /** How many are lived at once. */
  readonly lanes?: number
}

/** `SEED` repeats one schedule, `FROM` and `SCHEDULES` run others than the usual ones. */
export function rangeOf(usual: number): Range {
  const { SEED, FROM = 0, SCHEDULES = usual } = process.env
  return SEED === undefined
    ? { from: Number(FROM), schedules: Number(SCHEDULES) }
    : { from: Number(SEED), schedules: 1 }
}

// Enough to see the cause; a failing run should not take an hour.
const SHRINK_MS = 120_000

/**
 * Lives one random life for each seed, and holds what is stored in the end against Stripe, object by object. Fails with
 * the shortest life that fails, and how to repeat it. Answers what happened at Stripe, counted by the type of event.
 */
export async function everyLifeConverges(
  open: () => Promise<OpenStage>,
  { from, schedules, lanes = 1 }: Range,
): Promise<ReadonlyMap<string, number>> {
  const happened = new Map<string, number>()
  const count = (what: string) => happened.set(what, (happened.get(what) ?? 0) + 1)
  const liveOnce = async (life: readonly Step[]) => {
    const stage = await open()
    try {
      await live(stage, life)
      await settle(stage)
      expect(await differences(stage)).toEqual([])
      for (const event of stage.sandbox.state.all('event')) count(wordFor(event))
    } finally {
      stage.sandbox.close()
      await stage.close?.()
    }
  }
  const seeds = Array.from({ length: schedules }, (_, index) => from + index)
  const work = async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const property = fc.asyncProperty(fc.noBias(anyLife), liveOnce)
      const result = await fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: SHRINK_MS })
      if (!result.failed) continue
      seeds.length = 0
      const [life] = result.counterexample ?? []
      const steps = (life ?? []).map((step) => `  ${JSON.stringify(step)}`).join('\n')
      throw new Error(`schedule SEED=${seed} fails, at the shortest with\n${steps}`, { cause: result.errorInstance })
    }
  }
  // A lane that fails waits for the others, which use what the caller closes next.
  const ended = await Promise.allSettled(Array.from({ length: lanes }, work))
  for (const end of ended) if (end.status === 'rejected') throw end.reason
  return happened
}

/** An event's type, with what else makes the happening another one. */
function wordFor(event: object): string {
  const { type, data }: { type?: string; data?: { object?: { status?: string; billing_reason?: string } } } = event
  if (type === 'charge.dispute.closed') return `${type} ${data?.object?.status}`
  return type === 'invoice.paid' ? `${type} ${data?.object?.billing_reason}` : String(type)
}

/** What random lives must contain to prove anything. */
export const lifeContains = [
  ...['payment_intent.succeeded', 'payment_intent.requires_action', 'payment_intent.payment_failed'],
  ...['payment_intent.amount_capturable_updated', 'payment_intent.canceled', 'charge.captured', 'charge.refunded'],
  ...['refund.created', 'refund.failed', 'charge.dispute.created', 'charge.dispute.closed won'],
  ...['charge.dispute.closed lost', 'customer.subscription.created', 'customer.subscription.updated'],
  ...['customer.subscription.deleted', 'invoice.paid subscription_create', 'invoice.paid subscription_cycle'],
  ...['invoice.payment_failed', 'payment_method.attached', 'payment_method.detached', 'customer.updated'],
  'customer.deleted',
]
