import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { RefusedError } from '../errors.ts'
import { perform } from '../operations/perform.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import type { FindOne } from '../ports/storage.ts'
import { callOn, changeOf, found } from './change-payment.ts'
import { type Payment, paymentId, toPayment } from './payment.ts'
import { paymentOf, settlePayment } from './settle-payment.ts'

/** What `payments.cancel` takes. */
export interface CancelPayment {
  /** Florin's `tx_…` or Stripe's `pi_…`. */
  readonly id: string
  /** Why, as Stripe records it. */
  readonly reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer' | 'abandoned' | undefined
}

export const cancelPaymentInput = z.strictObject({
  id: paymentId,
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned']).optional(),
})

/** As data, so that recovery can go on with it. */
export const cancelPaymentUseCase: UseCase<
  z.output<typeof cancelPaymentInput>,
  { payment: FindOne<'transactions'> },
  Payment
> = {
  kind: 'payment.cancel',
  afterErasure: true,
  input: cancelPaymentInput,
  ...changeOf('payments:cancel'),
  intend(loaded, { id, reason }) {
    const payment = found(loaded.payment, id)
    if (payment.status === 'canceled') return { done: toPayment(payment, { withSecret: false }) }
    if (payment.gatewayId === null || payment.status === 'succeeded') {
      const hint = payment.status === 'succeeded' ? '; refund it instead' : ''
      throw new RefusedError('payment_not_cancelable', `a payment that is ${payment.status} cannot be canceled${hint}`)
    }
    const call = { do: 'payment.cancel', payment: payment.gatewayId, ...(reason !== undefined && { reason }) } as const
    return callOn(payment, 'cancel', call)
  },
  settle: (settling) =>
    settlePayment(settling, 'payment_not_cancelable', {
      alreadySo: ({ status }) => status === 'canceled',
      show: (rows) => toPayment(paymentOf(rows, settling.operation), { withSecret: false }),
    }),
}

/** Cancels a payment; `Payments.cancel` says what is promised. */
export function cancelPayment(deps: Deps, input: CancelPayment, caller: Caller): Promise<Performed<Payment>> {
  return perform(deps, cancelPaymentUseCase, input, caller)
}
