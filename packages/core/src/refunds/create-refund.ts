import { z } from 'zod'
import { scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { type FlorinError, InvalidError, must, RefusedError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { amount, badAmount, checkMultiple, multipleProblem } from '../money/money.ts'
import { unobserved } from '../observations/join.ts'
import { putRow, rowWithId } from '../observations/row-set.ts'
import { leasedId, leaseOn } from '../operations/lease.ts'
import { perform } from '../operations/perform.ts'
import { failureOf, rejectionError } from '../operations/rejection.ts'
import type { Caller, Deciding, Performed, UseCase } from '../operations/use-case.ts'
import { refundsIn } from '../payments/observe-payment.ts'
import { ofPayment, type PaymentRow, paymentId } from '../payments/payment.ts'
import type { Rejection } from '../ports/gateway.ts'
import { type FindMany, type FindOne, many, one, write } from '../ports/storage.ts'
import { secondsOf } from '../time.ts'
import { type Refund, type RefundReason, type RefundRow, refundedAmount, refundReasons, toRefund } from './refund.ts'

/** What `refunds.create` takes. */
export interface CreateRefund {
  /** The payment: Florin's `tx_…` or Stripe's `pi_…`. */
  readonly transactionId: string
  /** In the smallest unit of the payment's currency: 400 is 4.00 USD, or 400 JPY. Absent: all that is left. */
  readonly amount?: number | undefined
  /** Why, as Stripe records it. At `fraudulent` Stripe also blocks the card and the customer's email. */
  readonly reason?: RefundReason | undefined
}

export const createRefundInput = z.strictObject({
  transactionId: paymentId,
  amount: amount.optional(),
  reason: z.enum(refundReasons).optional(),
})

type Input = z.output<typeof createRefundInput>

/** As data, so that recovery can go on with it. */
export const createRefundUseCase: UseCase<
  Input,
  { payment: FindOne<'transactions'>; refunds: FindMany<'refunds'> },
  Refund
> = {
  kind: 'refund.create',
  afterErasure: true,
  input: createRefundInput,
  lease: ({ transactionId }) => leaseOn('payment', transactionId),
  authorize: (_, actor) => void scopeOf(actor, 'refunds:create'),
  read: ({ transactionId }, actor) => ({
    payment: one('transactions', { ...keyOf('payment', transactionId), ...scopeOf(actor, 'refunds:create') }),
    refunds: many('refunds', ofPayment(transactionId)),
  }),
  intend({ payment, refunds }, input, deciding) {
    if (!payment) throw new InvalidError('payment_not_found', `no payment ${input.transactionId}`)
    const amount = refundable(payment, refunds, input.amount)
    const refund = pendingRefund(payment, { ...input, amount }, deciding)
    // The payment is written too: its version moves on, so that two refunds cannot both see the old sum.
    const reserved = {
      ...payment,
      amountRefunded: refundedAmount(payment, [...refunds, refund]),
      updatedAt: deciding.now,
    }
    const tag = { florinId: refund.id, operationId: deciding.operationId, userId: payment.userId ?? '' }
    const { reason } = input
    const paid = must(payment.gatewayId, 'a succeeded payment has a gateway id')
    const call = { do: 'refund.create', tag, payment: paid, amount, ...(reason !== undefined && { reason }) } as const
    return {
      objectId: refund.id,
      userId: payment.userId,
      changes: [write('refunds', refund), write('transactions', reserved)],
      lease: leaseOn('payment', payment.id),
      step: { name: 'create', call },
    }
  },
  // The refund's own payment is found through the refund's observation, or with its id in the lease.
  reread: ({ objectId, leaseId }) => {
    const paymentId = leasedId(leaseId ?? '')
    return {
      refund: one('refunds', { id: objectId ?? '' }),
      payment: one('transactions', { id: paymentId }),
      refunds: many('refunds', { paymentId }),
    }
  },
  settle({ answer, rows, operation, now }) {
    const refund = rowWithId(rows, 'refunds', operation.objectId)
    if (answer.outcome === 'accepted') return { rows, done: toRefund(refund) }
    const failed: RefundRow = { ...refund, status: 'failed', failureReason: failureOf(answer).code, updatedAt: now }
    const withFailed = putRow(rows, 'refunds', failed)
    const payment = rowWithId(rows, 'transactions', refund.paymentId)
    const sums = { ...payment, amountRefunded: refundedAmount(payment, refundsIn(withFailed, payment)), updatedAt: now }
    const after = putRow(withFailed, 'transactions', sums)
    if (answer.outcome === 'declined') return { rows: after, done: toRefund(failed) }
    const told = { objectId: failed.id, discriminator: operation.id, stamp: secondsOf(now), data: toRefund(failed) }
    return {
      rows: after,
      facts: [{ type: 'refund.failed', ...told }],
      refused: refundRefused(answer.rejection, refund),
    }
  },
}

/** Refunds a payment; `Refunds.create` says what is promised. */
export function createRefund(deps: Deps, input: CreateRefund, caller: Caller): Promise<Performed<Refund>> {
  return perform(deps, createRefundUseCase, input, caller)
}

function refundRefused(rejection: Rejection, { amount, currency }: RefundRow): FlorinError {
  const { code, param, message } = rejection
  // Where all that is left was asked for, it is Stripe that says that it cannot be counted so.
  const problem = param === 'amount' ? multipleProblem(amount, currency) : undefined
  if (problem) return badAmount(message ?? problem)
  // Stripe's own word for "more than is left" has no code. It may know of refunds that were not told here yet.
  return code === null && param === 'amount'
    ? new RefusedError('refund_exceeds_captured', message ?? 'more than what is left of the payment')
    : rejectionError(rejection, 'payment_not_refundable')
}

function refundable(payment: PaymentRow, refunds: readonly RefundRow[], wanted: number | undefined): number {
  if (payment.status !== 'succeeded') {
    const hint = payment.status === 'requires_capture' ? '; cancel it instead' : ''
    throw new RefusedError('payment_not_refundable', `a payment that is ${payment.status} cannot be refunded${hint}`)
  }
  if (wanted !== undefined) checkMultiple(wanted, payment.currency)
  const left = payment.amountCaptured - refundedAmount(payment, refunds)
  if (wanted === undefined && left <= 0) {
    throw new RefusedError('refund_exceeds_captured', 'nothing is left of this payment to refund')
  }
  const amount = wanted ?? left
  if (amount > left)
    throw new RefusedError('refund_exceeds_captured', `${amount} is more than the ${left} that are left`)
  return amount
}

function pendingRefund(
  payment: PaymentRow,
  { amount, reason }: { amount: number; reason?: string | undefined },
  { newId, now }: Deciding,
): RefundRow {
  return {
    ...unobserved,
    id: newId('refund'),
    version: 0,
    createdAt: now,
    updatedAt: now,
    userId: payment.userId,
    paymentId: payment.id,
    paymentGatewayId: payment.gatewayId,
    gatewayId: null,
    amount,
    currency: payment.currency,
    status: 'pending',
    gatewayStatus: null,
    reason: reason ?? null,
    failureReason: null,
    gatewayCreated: null,
  }
}
