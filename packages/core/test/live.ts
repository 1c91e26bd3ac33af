import type { StripeSandbox } from '@florin/stripe-sandbox'
import { expect } from 'vitest'
import { type Caller, type Florin, isFlorinError, type Performed } from '../src/index.ts'
import type { Deed, Event, Step } from './random-life.ts'
import { service } from './sandboxed-florin.ts'

const MINUTE = 60
const DAY = 24 * 3600
const WEEK = 7 * DAY

/** Where a life is lived: one Stripe, and any number of Florins over one storage, who take turns. */
export interface Stage {
  readonly sandbox: StripeSandbox
  readonly florins: readonly Florin[]
}

type Made = Performed<{ readonly id: string; readonly status?: string } | null>
type Ask = (florin: Florin) => Promise<Made>

const returnUrl = 'https://shop.example/back'

/** Lives it. What a rule refuses, or a fault breaks, is part of life; anything else is thrown. */
export async function live({ sandbox, florins }: Stage, steps: readonly Step[]): Promise<void> {
  const known: { readonly id: string; readonly status: string | undefined }[] = []
  const asked: { readonly ask: Ask; answer: Made | undefined }[] = []
  let turn = 0
  const next = () => florins[turn++ % florins.length] as Florin // there is at least one
  for (const step of steps) await take(step)

  async function take(step: Step): Promise<void> {
    switch (step.do) {
      case 'together':
        return both(step.deeds.map((deed) => ask(next(), deed)))
      case 'again':
        return again(step.pick)
      case 'maintain':
        return both(florins.map(maintainMeanwhile))
      case 'authenticate':
      case 'refund at Stripe':
      case 'dispute':
      case 'answer the dispute':
      case 'delete the customer':
      case 'fault':
      case 'chaos':
        return happen(sandbox, step)
      case 'wait':
        await sandbox.clock.advance(step.seconds)
        // Nobody leaves it alone for a month, after which Stripe forgets its events.
        if (step.seconds > WEEK) await maintainMeanwhile(next())
        return
      default:
        return ask(next(), step)
    }
  }

  async function ask(florin: Florin, deed: Deed): Promise<void> {
    const request = requestOf(deed, among, { actor: service, idempotencyKey: `key-${asked.length}` })
    const record = { ask: request, answer: undefined as Made | undefined }
    asked.push(record)
    record.answer = await allowed(request(florin))
  }

  /** The same key gets the same answer, wherever it is asked and whatever happened since. */
  async function again(index: number): Promise<void> {
    const record = asked[index % Math.max(asked.length, 1)]
    if (!record) return
    const answer = await allowed(record.ask(next()))
    // What was so already was answered without a record.
    if (record.answer?.operationId) expect(answer?.data).toEqual(record.answer.data)
    record.answer ??= answer
  }

  /** An answer; undefined where the request was refused, or nothing is known of its outcome. */
  async function allowed(performing: Promise<Made>): Promise<Made | undefined> {
    try {
      const made = await performing
      if (made.data) remember(made.data)
      return made
    } catch (error) {
      if (!isFlorinError(error) || error.kind === 'defect') throw error
      if (error.details.objectId !== undefined) remember({ id: error.details.objectId })
      return undefined
    }
  }

  function remember({ id, status }: { id: string; status?: string | undefined }): void {
    if (!known.some((one) => one.id === id)) known.push({ id, status })
  }

  /** Of the objects of a kind one; of two picks, one chooses among those that were made with a status. */
  function among(prefix: string, pick: number, status?: string): string {
    const ofKind = known.filter(({ id }) => id.startsWith(prefix))
    const likely = ofKind.filter((one) => one.status === status)
    const chosen = pick % 2 === 0 && likely.length > 0 ? likely : ofKind
    return chosen[pick % Math.max(chosen.length, 1)]?.id ?? `${prefix}none`
  }
}

/** Waits for all, also where one fails: what still runs would go on in the next life. */
async function both(works: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(works)) if (end.status === 'rejected') throw end.reason
}

/** What a deed asks, decided on what is there when it is first asked. */
function requestOf(deed: Deed, among: (prefix: string, pick: number, status?: string) => string, caller: Caller): Ask {
  switch (deed.do) {
    case 'pay': {
      const captureMethod = deed.manual ? ('manual' as const) : ('automatic' as const)
      const order = { userId: `user_${deed.user}`, amount: 2000, currency: 'USD', paymentMethod: deed.card }
      const input = { ...order, captureMethod, returnUrl, ...(deed.owes && { reference: 'order-17' }) }
      return ({ payments }) => payments.create(input, caller)
    }
    case 'confirm': {
      const input = { id: among('tx_', deed.pick, 'failed'), paymentMethod: 'pm_card_visa', returnUrl }
      return ({ payments }) => payments.confirm(input, caller)
    }
    case 'capture': {
      const input = { id: among('tx_', deed.pick, 'requires_capture'), amount: 500 * deed.part }
      return ({ payments }) => payments.capture(input, caller)
    }
    case 'cancel': {
      const input = { id: among('tx_', deed.pick, 'requires_capture') }
      return ({ payments }) => payments.cancel(input, caller)
    }
    case 'refund': {
      const input = { transactionId: among('tx_', deed.pick, 'succeeded'), amount: 300 * deed.part }
      return ({ refunds }) => refunds.create(input, caller)
    }
    case 'subscribe': {
      const paymentMethod = deed.failing ? 'pm_card_chargeCustomerFail' : 'pm_card_visa'
      const plan = { userId: `user_${deed.user}`, priceId: 'price_1234567890', paymentMethod }
      const input = { ...plan, ...(deed.trial && { trialDays: 7 }) }
      return ({ subscriptions }) => subscriptions.create(input, caller)
    }
    case 'swap': {
      const input = { id: among('subscription_', deed.pick, 'active'), priceId: 'price_0987654321' }
      return ({ subscriptions }) => subscriptions.update(input, caller)
    }
    case 'quantity': {
      const input = { id: among('subscription_', deed.pick, 'active'), quantity: 1 + (deed.pick % 3) }
      return ({ subscriptions }) => subscriptions.update(input, caller)
    }
    case 'end':
    case 'terminate': {
      const input = { id: among('subscription_', deed.pick, 'active'), atPeriodEnd: deed.do === 'end' }
      return ({ subscriptions }) => subscriptions.cancel(input, caller)
    }
    case 'resume': {
      const input = { id: among('subscription_', deed.pick, 'active') }
      return ({ subscriptions }) => subscriptions.resume(input, caller)
    }
    case 'attach': {
      const input = { userId: `user_${deed.user}`, paymentMethod: 'pm_card_mastercard', setDefault: deed.makeDefault }
      return ({ paymentMethods }) => paymentMethods.attach(input, caller)
    }
    case 'set default': {
      const input = { id: among('method_', deed.pick) }
      return ({ paymentMethods }) => paymentMethods.setDefault(input, caller)
    }
    case 'detach': {
      const input = { id: among('method_', deed.pick) }
      return ({ paymentMethods }) => paymentMethods.detach(input, caller)
    }
  }
}

/** Lets something happen at Stripe. What it refuses there, or a cut connection hides, is nobody's affair here. */
async function happen(sandbox: StripeSandbox, event: Event): Promise<void> {
  const chosen = (kind: string, pick: number, isMeant: (object: Record<string, unknown>) => boolean) => {
    const objects = sandbox.state.all(kind).map((object): Record<string, unknown> => ({ ...object }))
    const meant = objects.filter(isMeant)
    return meant[pick % Math.max(meant.length, 1)]?.id
  }
  const stripe = (method: string, path: string, body: Record<string, string> = {}) =>
    sandbox
      .fetch(`https://api.stripe.com/v1/${path}`, {
        method,
        headers: { Authorization: 'Bearer sk_test_florin' },
        ...(method === 'POST' && { body: new URLSearchParams(body) }),
      })
      .catch(() => undefined)
  switch (event.do) {
    case 'authenticate': {
      const id = chosen('payment_intent', event.pick, ({ status }) => status === 'requires_action')
      const outcome = event.succeed ? 'succeed' : 'fail'
      if (id) await sandbox.control('POST', `/payment_intents/${id}/authenticate`, { outcome })
      return
    }
    case 'refund at Stripe': {
      const id = chosen('payment_intent', event.pick, ({ status }) => status === 'succeeded')
      if (id) await stripe('POST', 'refunds', { payment_intent: String(id), amount: String(200 * event.part) })
      return
    }
    case 'dispute': {
      const id = chosen(
        'charge',
        event.pick,
        (charge) => Boolean(charge.captured) && !charge.disputed && !charge.refunded,
      )
      if (id) await sandbox.control('POST', `/charges/${id}/dispute`, {})
      return
    }
    case 'answer the dispute': {
      const id = chosen('dispute', event.pick, ({ status }) => status === 'needs_response')
      const evidence = event.win ? 'winning_evidence' : 'losing_evidence'
      if (id) await stripe('POST', `disputes/${id}`, { 'evidence[uncategorized_text]': evidence })
      return
    }
    case 'delete the customer': {
      const id = chosen('customer', event.pick, ({ deleted }) => deleted !== true)
      if (id) await stripe('DELETE', `customers/${id}`)
      return
    }
    case 'fault':
      sandbox.faults.inject({ kind: event.kind })
      return
    case 'chaos': {
      const { do: _, ...mode } = event
      sandbox.webhooks.setMode(mode)
    }
  }
}

/** One round of what `florin serve` does in the background. */
async function maintain({ maintenance }: Florin): Promise<void> {
  const limit = 1000
  await maintenance.recover({ limit })
  await maintenance.reconcile()
  await maintenance.retryWebhooks({ limit })
  await maintenance.refresh({ limit })
  await maintenance.refundDuplicates({ limit })
}

/** A fault may break it off, as it breaks off whatever else runs; the next round goes on. */
async function maintainMeanwhile(florin: Florin): Promise<void> {
  try {
    await maintain(florin)
  } catch (error) {
    if (!isFlorinError(error) || error.kind !== 'unavailable') throw error
  }
}

// Past the time that a running process has for itself, and past a lease; then past the day in which what Stripe's key
// remembers as a failure may still turn out to have been done.
const rounds = [20 * MINUTE, 20 * MINUTE, 20 * MINUTE, DAY, 20 * MINUTE, 20 * MINUTE]

/** Lets everything settle: calm webhooks, recovery, catch-up, and reading again whatever is due. */
export async function settle({ sandbox, florins }: Stage): Promise<void> {
  sandbox.faults.clear()
  sandbox.webhooks.setMode()
  await sandbox.webhooks.flush()
  await sandbox.webhooks.settled()
  for (const seconds of rounds) {
    await sandbox.clock.advance(seconds)
    await sandbox.webhooks.settled()
    for (const florin of florins) await maintain(florin)
  }
}
