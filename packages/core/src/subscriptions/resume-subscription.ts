import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { must, RefusedError } from '../errors.ts'
import { findRow, type RowSet } from '../observations/row-set.ts'
import { LANDING_SECONDS } from '../operations/deadlines.ts'
import type { OperationRow } from '../operations/operation.ts'
import { perform } from '../operations/perform.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import type { Rejection } from '../ports/gateway.ts'
import type { FindOne } from '../ports/storage.ts'
import { milliseconds } from '../time.ts'
import {
  callOn,
  changeOf,
  dateTakenBack,
  found,
  settleChange,
  subscriptionOf,
  withoutEnd,
} from './change-subscription.ts'
import {
  isEnded,
  isEnding,
  type Subscription,
  type SubscriptionRow,
  subscriptionId,
  toSubscription,
} from './subscription.ts'

/** What `subscriptions.resume` takes. */
export interface ResumeSubscription {
  /** Florin's `subscription_…` or Stripe's `sub_…`. */
  readonly id: string
}

export const resumeSubscriptionInput = z.strictObject({ id: subscriptionId })

const WAKE = 'wake'

/** As data, so that recovery can go on with it. */
export const resumeSubscriptionUseCase: UseCase<
  z.output<typeof resumeSubscriptionInput>,
  { subscription: FindOne<'subscriptions'> },
  Subscription
> = {
  kind: 'subscription.resume',
  input: resumeSubscriptionInput,
  ...changeOf('subscriptions:update'),
  intend(loaded, { id }) {
    const subscription = found(loaded.subscription, id)
    const { gatewayId } = subscription
    if (gatewayId === null || isEnded(subscription)) {
      const message = `a subscription that is ${subscription.status} cannot be resumed; make a new one`
      throw new RefusedError('subscription_not_resumable', message)
    }
    if (subscription.status === 'paused') {
      return callOn(subscription, WAKE, { do: 'subscription.resume', subscription: gatewayId, payNow: true })
    }
    // Its first payment is waited for; Stripe schedules no end before that.
    if (subscription.status === 'incomplete') return { done: toSubscription(subscription, { withSecret: false }) }
    // Also where it seems to go on: its end was maybe scheduled at Stripe, and not told yet.
    return callOn(subscription, 'resume', {
      do: 'subscription.update',
      subscription: gatewayId,
      ...withoutEnd(subscription),
    })
  },
  settle(settling) {
    const { answer, step, rows, operation } = settling
    const { status, gatewayId } = subscriptionOf(settling)
    if (step === WAKE && status === 'paused' && answer.outcome === 'rejected' && cannotPayNow(answer.rejection)) {
      const subscription = must(gatewayId, 'a paused subscription has a gateway id')
      return {
        rows,
        step: { name: 'wake_unpaid', call: { do: 'subscription.resume', subscription, payNow: false } },
      }
    }
    return (
      dateTakenBack(settling) ??
      settleChange(settling, 'subscription_not_resumable', (row) =>
        row.status === 'paused' ? isAwaitingPayment(row, rows, operation) : !isEnding(row),
      )
    )
  },
}

/** Resumes a subscription; `Subscriptions.resume` says what is promised. */
export function resumeSubscription(
  deps: Deps,
  input: ResumeSubscription,
  caller: Caller,
): Promise<Performed<Subscription>> {
  return perform(deps, resumeSubscriptionUseCase, input, caller)
}

// There is no card, or the subscription has the older billing mode: then its invoice waits for the customer.
const cannotPayNow = ({ code, param }: Rejection): boolean =>
  code === null || code === 'resource_missing' || param === 'payment_behavior'

/** Whether the invoice that wakes a subscription once it is paid was made by this operation. */
const isAwaitingPayment = ({ latestInvoice }: SubscriptionRow, rows: RowSet, { createdAt }: OperationRow): boolean =>
  findRow(
    rows,
    'invoices',
    (invoice) =>
      invoice.gatewayId === latestInvoice &&
      invoice.status === 'open' &&
      // Stripe's clock and ours differ.
      milliseconds(invoice.createdAt) > milliseconds(createdAt) - LANDING_SECONDS * 1000,
  ) !== undefined
