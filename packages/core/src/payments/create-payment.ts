import { z } from 'zod'
import { mayActFor } from '../actor.ts'
import { customerFor } from '../customers/ensure-customer.ts'
import { claimed } from '../debts/claim-debt.ts'
import { debtId, freeDebt } from '../debts/debt.ts'
import type { Deps } from '../deps.ts'
import { freeText, metadata, returnUrl, userId } from '../input/parse-input.ts'
import { amount, amountProblem, currencyCode } from '../money/money.ts'
import { unobserved } from '../observations/join.ts'
import { perform } from '../operations/perform.ts'
import type { Caller, Deciding, Performed, UseCase } from '../operations/use-case.ts'
import { paymentMethodId, paymentMethodKey } from '../payment-methods/payment-method.ts'
import { ownerOf, usableMethod } from '../payment-methods/usable-method.ts'
import { type FindOne, many, one, write } from '../ports/storage.ts'
import { type Payment, type PaymentRow, toPayment } from './payment.ts'
import { paymentOf, settlePayment } from './settle-payment.ts'

const createPaymentInput = z
  .strictObject({
    userId,
    amount,
    currency: currencyCode,
    description: freeText(1000).optional(),
    /** Stripe's `pm_…` or Florin's `method_…`. Without one the payment waits for Stripe Elements. */
    paymentMethod: paymentMethodId.optional(),
    captureMethod: z.enum(['automatic', 'manual']).default('automatic'),
    /** The customer is not there to authenticate: a card that asks for it is declined. */
    offSession: z.boolean().default(false),
    returnUrl: returnUrl.optional(),
    reference: freeText(255).optional(),
    metadata: metadata.default({}),
  })
  .superRefine(({ amount, currency }, context) => {
    const problem = amountProblem(amount, currency)
    if (problem) context.addIssue({ code: 'custom', path: ['amount'], message: problem })
  })

export type CreatePayment = z.input<typeof createPaymentInput>
type Input = z.output<typeof createPaymentInput>

const referenced = z.looseObject({ reference: z.string().optional() })

/** As data, so that recovery can go on with it. */
export const createPaymentUseCase: UseCase<
  Input,
  { customer: FindOne<'customers'>; method?: FindOne<'payment_methods'>; debt?: FindOne<'debts'> },
  Payment
> = {
  kind: 'payment.create',
  input: createPaymentInput,
  authorize(input, actor, { userSetsAmount }) {
    mayActFor(actor, userSetsAmount ? 'payments:create-own' : 'payments:create', input.userId)
  },
  read: ({ userId, paymentMethod, reference }) => ({
    customer: one('customers', { userId, isPrimary: true }),
    ...(paymentMethod !== undefined && { method: one('payment_methods', paymentMethodKey(paymentMethod)) }),
    ...(reference !== undefined && { debt: one('debts', { id: debtId(userId, reference) }) }),
  }),
  intend({ customer, method, debt }, input, deciding) {
    if (!customer) return { needs: customerFor(input.userId) }
    const paymentMethod = input.paymentMethod && usableMethod(input.paymentMethod, method, input.userId)
    const owner = ownerOf(method, input.userId) ?? customer.id
    const payment = pendingPayment(input, owner, deciding)
    const { operationId } = deciding
    const { amount, currency, captureMethod, offSession, returnUrl, description, metadata, userId, reference } = input
    const { now } = deciding
    // Taken in the commit of the intent: of two that race for it, one finds the other's claim.
    const claims = reference === undefined ? [] : [claimed(debt ?? freeDebt(userId, reference, now), payment, now)]
    return {
      objectId: payment.id,
      userId,
      changes: [write('transactions', payment), ...claims.map((claim) => write('debts', claim))],
      step: {
        name: 'create',
        call: {
          do: 'payment.create',
          tag: { florinId: payment.id, operationId, userId, ...(reference !== undefined && { reference }) },
          customer: owner,
          ...{ amount, currency, captureMethod, offSession, metadata },
          ...(paymentMethod !== undefined && { paymentMethod }),
          ...(returnUrl !== undefined && { returnUrl }),
          ...(description !== undefined && { description }),
        },
      },
    }
  },
  reread: ({ objectId, userId, input }) => {
    const { reference } = referenced.parse(input)
    return {
      payment: one('transactions', { id: objectId ?? '' }),
      refunds: many('refunds', { paymentId: objectId }),
      ...(reference !== undefined && { debt: one('debts', { id: debtId(userId ?? '', reference) }) }),
    }
  },
  settle: (settling) =>
    settlePayment(settling, 'payment_not_confirmable', {
      // The gateway refused to make it, or was never reached: there is nothing left that could be paid.
      unmade: (payment, failure) => ({ ...payment, status: 'canceled', failure, updatedAt: settling.now }),
      show: (rows) => toPayment(paymentOf(rows, settling.operation), { withSecret: true }),
    }),
}

/** Takes a payment; `Payments.create` says what is promised. */
export function createPayment(deps: Deps, input: CreatePayment, caller: Caller): Promise<Performed<Payment>> {
  return perform(deps, createPaymentUseCase, input, caller)
}

function pendingPayment(input: Input, customerId: string, { newId, now }: Deciding): PaymentRow {
  return {
    ...unobserved,
    id: newId('tx'),
    version: 0,
    createdAt: now,
    updatedAt: now,
    userId: input.userId,
    customerId,
    gatewayId: null,
    amount: input.amount,
    currency: input.currency,
    status: 'pending',
    gatewayStatus: null,
    amountCapturable: 0,
    amountCaptured: 0,
    amountRefunded: 0,
    captureMethod: input.captureMethod,
    paymentMethod: null,
    failure: null,
    nextAction: null,
    chargeId: null,
    chargeRefunded: 0,
    description: input.description ?? null,
    reference: input.reference ?? null,
    duplicateOf: null,
    metadata: input.metadata,
    clientSecret: null,
  }
}
