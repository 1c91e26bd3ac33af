import { z } from 'zod'
import { claimed } from '../debts/claim-debt.ts'
import { debtId, freeDebt } from '../debts/debt.ts'
import type { Deps } from '../deps.ts'
import { RefusedError } from '../errors.ts'
import { returnUrl } from '../input/fields.ts'
import { keyOf } from '../input/object-ids.ts'
import { perform } from '../operations/perform.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import { paymentMethodId } from '../payment-methods/payment-method.ts'
import { usableMethod } from '../payment-methods/usable-method.ts'
import { type FindOne, one, write } from '../ports/storage.ts'
import { callOn, changeOf, found } from './change-payment.ts'
import { type Payment, type PaymentStatus, paymentId, toPayment } from './payment.ts'
import { paymentOf, settlePayment } from './settle-payment.ts'

/** What `payments.confirm` takes. */
export interface ConfirmPayment {
  /** Florin's `tx_…` or Stripe's `pi_…`. */
  readonly id: string
  /** What to try with: Stripe's `pm_…` or Florin's `method_…`. It may be the same one again. */
  readonly paymentMethod: string
  /** Where Stripe sends the customer back. Needed where the payment was made without a `paymentMethod`. */
  readonly returnUrl?: string | undefined
}

export const confirmPaymentInput = z.strictObject({
  id: paymentId,
  paymentMethod: paymentMethodId,
  returnUrl: returnUrl.optional(),
})

const confirmable: readonly PaymentStatus[] = [
  'failed',
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
]

const change = changeOf('payments:confirm')

/** As data, so that recovery can go on with it. */
export const confirmPaymentUseCase: UseCase<
  z.output<typeof confirmPaymentInput>,
  { payment: FindOne<'transactions'>; method: FindOne<'payment_methods'>; debt?: FindOne<'debts'> },
  Payment
> = {
  kind: 'payment.confirm',
  input: confirmPaymentInput,
  ...change,
  read: ({ id, paymentMethod }, actor) => ({
    ...change.read({ id }, actor),
    method: one('payment_methods', keyOf('payment_method', paymentMethod)),
  }),
  intend(loaded, input, { now }) {
    const { method, debt } = loaded
    const payment = found(loaded.payment, input.id)
    if (payment.gatewayId === null || !confirmable.includes(payment.status)) {
      throw new RefusedError('payment_not_confirmable', `a payment that is ${payment.status} cannot be confirmed`)
    }
    const paymentMethod = usableMethod(input.paymentMethod, method, payment.userId ?? '')
    const { userId, reference } = payment
    const isReferenced = userId !== null && reference !== null
    if (isReferenced && !('debt' in loaded)) return { read: { debt: one('debts', { id: debtId(userId, reference) }) } }
    // The same payment may be tried again, but not once another one has paid the debt.
    const claim = isReferenced ? claimed(debt ?? freeDebt(userId, reference, now), payment, now) : undefined
    const { returnUrl } = input
    const decision = callOn(payment, 'confirm', {
      ...{ do: 'payment.confirm', payment: payment.gatewayId, paymentMethod },
      ...(returnUrl !== undefined && { returnUrl }),
    })
    return { ...decision, changes: claim && claim !== debt ? [write('debts', claim)] : [] }
  },
  settle: (settling) =>
    settlePayment(settling, 'payment_not_confirmable', {
      alreadySo: ({ status }) => status !== 'canceled' && !confirmable.includes(status),
      show: (rows) => toPayment(paymentOf(rows, settling.operation), { withSecret: true }),
    }),
}

/** Tries a payment again; `Payments.confirm` says what is promised. */
export function confirmPayment(deps: Deps, input: ConfirmPayment, caller: Caller): Promise<Performed<Payment>> {
  return perform(deps, confirmPaymentUseCase, input, caller)
}
