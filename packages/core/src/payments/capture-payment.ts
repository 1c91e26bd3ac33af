import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { RefusedError } from '../errors.ts'
import { amount, checkMultiple } from '../money/money.ts'
import { perform } from '../operations/perform.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import type { FindOne } from '../ports/storage.ts'
import { callOn, changeOf, found } from './change-payment.ts'
import { type Payment, paymentId, toPayment } from './payment.ts'
import { paymentOf, settlePayment } from './settle-payment.ts'

/** What `payments.capture` takes. */
export interface CapturePayment {
  /** Florin's `tx_…` or Stripe's `pi_…`. */
  readonly id: string
  /** In the currency's smallest unit. Absent: all that is authorised. What is left of it is released for good. */
  readonly amount?: number | undefined
}

export const capturePaymentInput = z.strictObject({ id: paymentId, amount: amount.optional() })

/** As data, so that recovery can go on with it. */
export const capturePaymentUseCase: UseCase<
  z.output<typeof capturePaymentInput>,
  { payment: FindOne<'transactions'> },
  Payment
> = {
  kind: 'payment.capture',
  afterErasure: true,
  input: capturePaymentInput,
  ...changeOf('payments:capture'),
  intend(loaded, { id, amount }) {
    const payment = found(loaded.payment, id)
    if (payment.gatewayId === null || payment.status !== 'requires_capture') {
      throw new RefusedError('payment_not_capturable', `a payment that is ${payment.status} cannot be captured`)
    }
    if (amount !== undefined) checkMultiple(amount, payment.currency)
    if (amount !== undefined && amount > payment.amountCapturable) {
      const message = `${amount} is more than the ${payment.amountCapturable} that are authorised`
      throw new RefusedError('capture_exceeds_authorized', message)
    }
    const call = { do: 'payment.capture', payment: payment.gatewayId, ...(amount !== undefined && { amount }) } as const
    return callOn(payment, 'capture', call)
  },
  settle: (settling) =>
    settlePayment(settling, 'payment_not_capturable', {
      alreadySo: ({ status }) => status === 'succeeded',
      show: (rows) => toPayment(paymentOf(rows, settling.operation), { withSecret: false }),
    }),
}

/** Captures a payment; `Payments.capture` says what is promised. */
export function capturePayment(deps: Deps, input: CapturePayment, caller: Caller): Promise<Performed<Payment>> {
  return perform(deps, capturePaymentUseCase, input, caller)
}
