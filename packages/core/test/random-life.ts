import type { StripeSandbox } from '@florin/stripe-sandbox'
import fc from 'fast-check'
import { type Florin, isFlorinError } from '../src/index.ts'
import { service } from './sandboxed-florin.ts'

const DAY = 24 * 3600
const MINUTE = 60

const cards = [
  'pm_card_visa',
  'pm_card_chargeDeclined',
  'pm_card_threeDSecure2Required',
  'pm_card_refundFail',
  'pm_card_pendingRefund',
  'pm_card_createDispute',
] as const

/** One step of a life. `pick` chooses among the objects that are there by then. */
export type Step =
  | { readonly do: 'pay'; readonly card: (typeof cards)[number]; readonly manual: boolean; readonly user: number }
  | { readonly do: 'authenticate'; readonly succeed: boolean; readonly pick: number }
  | { readonly do: 'confirm' | 'capture' | 'cancel' | 'refund'; readonly pick: number; readonly part: number }
  | { readonly do: 'refund at Stripe'; readonly pick: number; readonly part: number }
  | { readonly do: 'subscribe'; readonly failing: boolean; readonly trial: boolean; readonly user: number }
  | { readonly do: 'swap' | 'quantity' | 'end' | 'resume' | 'terminate'; readonly pick: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'fault'; readonly kind: 'cut' | 'fail_after' | 'fail_before' | 'truncate' | 'lock_timeout' }
  | {
      readonly do: 'chaos'
      readonly duplicate: number
      readonly reorder: number
      readonly delay: number
      readonly drop: number
    }

const pick = fc.nat({ max: 50 })
const part = fc.integer({ min: 1, max: 4 })
const user = fc.nat({ max: 1 })

/** Any step, as likely as it is telling. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('pay' as const),
      card: fc.constantFrom(...cards),
      manual: fc.boolean(),
      user,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('authenticate' as const), succeed: fc.boolean(), pick }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('confirm' as const, 'capture', 'cancel', 'refund'), pick, part }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refund at Stripe' as const), pick, part }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('subscribe' as const), failing: fc.boolean(), trial: fc.boolean(), user }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('swap' as const, 'quantity', 'end', 'resume', 'terminate'),
      pick,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.constantFrom(0, 1, MINUTE, 3600, 2 * DAY, 20 * DAY),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      kind: fc.constantFrom('cut' as const, 'fail_after', 'fail_before', 'truncate', 'lock_timeout'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('chaos' as const),
      duplicate: fc.constantFrom(0, 0.5, 1),
      reorder: fc.constantFrom(1, 4, 8),
      delay: fc.constantFrom(0, 0, MINUTE, DAY),
      drop: fc.constantFrom(0, 0, 0.3),
    }),
  },
)

/** Where a life is lived: one Stripe, and any number of Florins over one storage, who take turns. */
export interface Stage {
  readonly sandbox: StripeSandbox
  readonly florins: readonly Florin[]
}

const by = { actor: service }

/** Lives it. What a rule refuses, or a fault breaks, is part of life; anything else is thrown. */
export async function live({ sandbox, florins }: Stage, steps: readonly Step[]): Promise<void> {
  const payments: string[] = []
  const subscriptions: string[] = []
  const among = (ids: readonly string[], index: number) => ids[index % Math.max(ids.length, 1)] ?? 'tx_none'
  for (const [turn, step] of steps.entries()) {
    const florin = florins[turn % florins.length] as Florin // there is at least one
    try {
      await take(florin, step)
    } catch (error) {
      if (!isFlorinError(error) || error.kind === 'defect') throw error
      const { objectId } = error.details
      if (objectId?.startsWith('tx_')) payments.push(objectId)
      if (objectId?.startsWith('subscription_')) subscriptions.push(objectId)
    }
  }

  async function take(florin: Florin, step: Step): Promise<void> {
    switch (step.do) {
      case 'pay': {
        const captureMethod = step.manual ? ('manual' as const) : ('automatic' as const)
        const order = { userId: `user_${step.user}`, amount: 2000, currency: 'USD', paymentMethod: step.card }
        const returnUrl = 'https://shop.example/back'
        payments.push((await florin.payments.create({ ...order, captureMethod, returnUrl }, by)).data.id)
        return
      }
      case 'authenticate': {
        const waiting = sandbox.state.all('payment_intent').flatMap((intent) => {
          const { id, status } = { id: '', status: '', ...intent }
          return status === 'requires_action' ? [id] : []
        })
        const id = waiting[step.pick % Math.max(waiting.length, 1)]
        const outcome = step.succeed ? 'succeed' : 'fail'
        if (id) await sandbox.control('POST', `/payment_intents/${id}/authenticate`, { outcome })
        return
      }
      case 'confirm': {
        const returnUrl = 'https://shop.example/back'
        await florin.payments.confirm({ id: among(payments, step.pick), paymentMethod: 'pm_card_visa', returnUrl }, by)
        return
      }
      case 'capture':
        await florin.payments.capture({ id: among(payments, step.pick), amount: 500 * step.part }, by)
        return
      case 'cancel':
        await florin.payments.cancel({ id: among(payments, step.pick) }, by)
        return
      case 'refund':
        await florin.refunds.create({ transactionId: among(payments, step.pick), amount: 300 * step.part }, by)
        return
      case 'refund at Stripe': {
        const payment = await florin.payments.get(among(payments, step.pick), service)
        const body = new URLSearchParams({
          payment_intent: payment.stripePaymentIntentId ?? 'pi_none',
          amount: String(200 * step.part),
        })
        const headers = { Authorization: 'Bearer sk_test_florin' }
        // Refused where nothing is left; that is Stripe's affair here. A cut connection is nobody's.
        await sandbox
          .fetch('https://api.stripe.com/v1/refunds', { method: 'POST', body, headers })
          .catch(() => undefined)
        return
      }
      case 'subscribe': {
        const paymentMethod = step.failing ? 'pm_card_chargeCustomerFail' : 'pm_card_visa'
        const plan = { userId: `user_${step.user}`, priceId: 'price_1234567890', paymentMethod }
        const trial = step.trial ? { trialDays: 7 } : {}
        subscriptions.push((await florin.subscriptions.create({ ...plan, ...trial }, by)).data.id)
        return
      }
      case 'swap':
        await florin.subscriptions.update({ id: among(subscriptions, step.pick), priceId: 'price_0987654321' }, by)
        return
      case 'quantity':
        await florin.subscriptions.update({ id: among(subscriptions, step.pick), quantity: 1 + (step.pick % 3) }, by)
        return
      case 'end':
        await florin.subscriptions.cancel({ id: among(subscriptions, step.pick), atPeriodEnd: true }, by)
        return
      case 'resume':
        await florin.subscriptions.resume({ id: among(subscriptions, step.pick) }, by)
        return
      case 'terminate':
        await florin.subscriptions.cancel({ id: among(subscriptions, step.pick) }, by)
        return
      case 'wait':
        await sandbox.clock.advance(step.seconds)
        return
      case 'fault':
        sandbox.faults.inject({ kind: step.kind })
        return
      case 'chaos': {
        const { do: _, ...mode } = step
        sandbox.webhooks.setMode(mode)
      }
    }
  }
}

/** Lets everything settle: calm webhooks, recovery, catch-up, and reading again whatever is due. */
export async function settle({ sandbox, florins }: Stage): Promise<void> {
  sandbox.faults.clear()
  sandbox.webhooks.setMode()
  await sandbox.webhooks.flush()
  await sandbox.webhooks.settled()
  for (let round = 0; round < 6; round += 1) {
    // Past the time that a running process has for itself, and past a lease.
    await sandbox.clock.advance(20 * MINUTE)
    await sandbox.webhooks.settled()
    for (const { maintenance } of florins) {
      await maintenance.recover({ limit: 1000 })
      await maintenance.reconcile()
      await maintenance.refresh({ limit: 1000 })
    }
  }
}
