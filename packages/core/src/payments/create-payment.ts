import { z } from 'zod'
import { type Actor, mayActFor } from '../actor.ts'
import { customerFor } from '../customers/ensure-customer.ts'
import { claimed } from '../debts/claim-debt.ts'
import { debtId, freeDebt } from '../debts/debt.ts'
import type { Deps, Settings } from '../deps.ts'
import { freeText, metadata, returnUrl, userId } from '../input/fields.ts'
import { keyOf } from '../input/object-ids.ts'
import { amount, amountProblem, currencyCode } from '../money/money.ts'
import { unobserved } from '../observations/join.ts'
import { perform } from '../operations/perform.ts'
import type { Caller, Deciding, Performed, UseCase } from '../operations/use-case.ts'
import { paymentMethodId } from '../payment-methods/payment-method.ts'
import { ownerOf, usableMethod } from '../payment-methods/usable-method.ts'
import { type FindOne, many, one, write } from '../ports/storage.ts'
import { checkTerms } from '../subscriptions/subscription-terms.ts'
import { type CaptureMethod, type Payment, type PaymentRow, toPayment } from './payment.ts'
import { paymentOf, settlePayment } from './settle-payment.ts'

/** What `payments.create` takes. */
export interface CreatePayment {
  /** Your own id of who pays. Letters, digits and `. _ : @ -`; one that is new becomes a customer at Stripe. */
  readonly userId: string
  /** In the currency's smallest unit: 1000 is 10.00 USD, or 1000 JPY. Within Stripe's limits. */
  readonly amount: number
  /** The ISO code of a currency that Stripe charges in, e.g. `EUR`. Lower case is accepted. */
  readonly currency: string
  /** For people to read, at Stripe too: up to 1000 characters. A card number in it is refused. */
  readonly description?: string | undefined
  /** Stripe's `pm_…` or Florin's `method_…`, charged at once. Absent: the payment waits for Stripe Elements. */
  readonly paymentMethod?: string | undefined
  /** `manual` only authorises: capture it within days, or it lapses. `automatic` where absent. */
  readonly captureMethod?: CaptureMethod | undefined
  /**
   * The customer is not there to authenticate: a card that asks for it is declined. `false` where absent. Refused without
   * a `paymentMethod`.
   */
  readonly offSession?: boolean | undefined
  /** Where Stripe sends the customer back, http or https. Absent: a `paymentMethod` that redirects is refused. */
  readonly returnUrl?: string | undefined
  /** Your own name for what is owed, e.g. an order. One that the user has paid, or is paying, is refused. */
  readonly reference?: string | undefined
  /** Your own keys and values, kept at Stripe too: up to 44 keys of 40 characters, values of 500. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

export const createPaymentInput = z
  .strictObject({
    userId,
    amount,
    currency: currencyCode,
    description: freeText(1000).optional(),
    paymentMethod: paymentMethodId.optional(),
    captureMethod: z.enum(['automatic', 'manual']).default('automatic'),
    offSession: z.boolean().default(false),
    returnUrl: returnUrl.optional(),
    reference: freeText(255).optional(),
    metadata: metadata.default({}),
  })
  .superRefine(({ amount, currency, offSession, paymentMethod }, context) => {
    const problem = amountProblem(amount, currency)
    if (problem) context.addIssue({ code: 'custom', path: ['amount'], message: problem })
    // Else it would be left out, and the payment wait for a customer who is not there.
    if (offSession && paymentMethod === undefined) {
      const message = 'needs a payment method: without one the payment waits for the customer'
      context.addIssue({ code: 'custom', path: ['offSession'], message })
    }
  })

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
  authorize: mayCreate,
  read: ({ userId, paymentMethod, reference }) => ({
    customer: one('customers', { userId, isPrimary: true }),
    ...(paymentMethod !== undefined && { method: one('payment_methods', keyOf('payment_method', paymentMethod)) }),
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

/** Whoever sets its own amount must not say what is paid for: an order would be paid with whatever it likes. */
function mayCreate({ userId, reference, metadata }: Input, actor: Actor, settings: Settings): void {
  mayActFor(actor, settings.userSetsAmount ? 'payments:create-own' : 'payments:create', userId)
  const own = Object.keys(metadata).length > 0 ? metadata : undefined
  checkTerms({ metadata: own, reference }, undefined, actor, settings)
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
