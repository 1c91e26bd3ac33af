import { z } from 'zod'
import { type Actor, mayActFor } from '../actor.ts'
import { customerFor } from '../customers/ensure-customer.ts'
import { alreadyClaimed } from '../debts/claim-debt.ts'
import { debtId } from '../debts/debt.ts'
import type { Deps, Settings } from '../deps.ts'
import { must, RefusedError } from '../errors.ts'
import { freeText, metadata, returnUrl, userId } from '../input/fields.ts'
import { amount, amountProblem, currencyCode } from '../money/money.ts'
import { perform } from '../operations/perform.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import type { GatewayCall } from '../ports/gateway.ts'
import { type FindOne, one } from '../ports/storage.ts'
import { checkTerms, priceId } from '../subscriptions/subscription-terms.ts'
import { type CheckoutMode, type CheckoutSession, checkoutModes } from './checkout-session.ts'

/** What `checkoutSessions.create` takes. */
export interface CreateCheckoutSession {
  /** Your own id of the user. Letters, digits and `. _ : @ -`; one that is new becomes a customer at Stripe. */
  readonly userId: string
  /** Pay once, subscribe to a `priceId`, or only save a card (`setup`). */
  readonly mode: CheckoutMode
  /** What to pay, in the currency's smallest unit: 1000 is 10.00 USD, or 1000 JPY. Or else a `priceId`. */
  readonly amount?: number | undefined
  /** The ISO code that goes with the `amount`. In `setup`: what the cards are for; USD where absent. */
  readonly currency?: string | undefined
  /** What the page says is paid for, up to 250 characters; the `reference` where absent. Not with a `priceId`. */
  readonly description?: string | undefined
  /** Stripe's id of a price, `price_…`: needed to subscribe, and to pay without an `amount`. */
  readonly priceId?: string | undefined
  /** How many of the `priceId`, up to 1,000,000; 1 where absent. */
  readonly quantity?: number | undefined
  /** Where Stripe sends the customer when it is done. That proves no payment: wait for the event. */
  readonly successUrl: string
  /** Where Stripe sends a customer who turns back. Absent: the page has no way back. */
  readonly cancelUrl?: string | undefined
  /** Your own name for what is owed, e.g. an order. One that is paid, or being paid, is refused. */
  readonly reference?: string | undefined
  /** Your own keys and values, kept at Stripe too: up to 44 keys of 40 characters, values of 500. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

export const createCheckoutSessionInput = z
  .strictObject({
    userId,
    mode: z.enum(checkoutModes),
    amount: amount.optional(),
    currency: currencyCode.optional(),
    description: freeText(250).optional(),
    priceId: priceId.optional(),
    quantity: z.int().min(1).max(1_000_000).optional(),
    successUrl: returnUrl,
    cancelUrl: returnUrl.optional(),
    reference: freeText(255).optional(),
    metadata: metadata.default({}),
  })
  .superRefine((input, context) => {
    for (const [field, message] of problemsOf(input)) context.addIssue({ code: 'custom', path: [field], message })
  })

type Input = z.output<typeof createCheckoutSessionInput>
type Item = Extract<GatewayCall, { do: 'checkout_session.create' }>['item']

/** As data, so that recovery can go on with it. */
export const createCheckoutSessionUseCase: UseCase<
  Input,
  { customer: FindOne<'customers'>; debt?: FindOne<'debts'> },
  CheckoutSession
> = {
  kind: 'checkout_session.create',
  input: createCheckoutSessionInput,
  authorize: mayOpen,
  read: ({ userId, mode, reference }) => ({
    customer: one('customers', { userId, isPrimary: true }),
    ...(mode === 'payment' && reference !== undefined && { debt: one('debts', { id: debtId(userId, reference) }) }),
  }),
  intend({ customer, debt }, input, { operationId }) {
    const { userId, mode, successUrl, cancelUrl, reference, metadata } = input
    // The session takes no claim, for nobody may ever complete it; the payment that comes of it does.
    if (debt && debt.holder !== null) throw alreadyClaimed(debt, debt.holder)
    if (!customer) return { needs: customerFor(userId) }
    const tag = { florinId: operationId, operationId, userId, ...(reference !== undefined && { reference }) }
    return {
      objectId: null,
      userId,
      changes: [],
      step: {
        name: 'create',
        call: {
          do: 'checkout_session.create',
          ...{ tag, customer: customer.id, mode, item: itemOf(input), successUrl, metadata },
          ...(cancelUrl !== undefined && { cancelUrl }),
        },
      },
    }
  },
  reread: () => ({}),
  settle({ answer, rows, input, operation }) {
    if (answer.outcome === 'rejected') return { rows, refused: rejectionError(answer.rejection, 'gateway_refused') }
    const told = answer.outcome === 'accepted' ? answer : undefined
    const id = must(answer.objectId, 'the id of a checkout session')
    if (told?.url == null) {
      // Found only once it was over.
      const message = 'the checkout session cannot be used any more: open a new one'
      return { rows, refused: new RefusedError('gateway_refused', message) }
    }
    const session: CheckoutSession = {
      id,
      object: 'checkout_session',
      createdAt: operation.createdAt,
      userId: input.userId,
      mode: input.mode,
      status: told.status ?? 'open',
      reference: input.reference ?? null,
      url: told.url,
    }
    return { rows, done: session, objectId: id }
  },
}

/** Opens a page of Stripe's; `CheckoutSessions.create` says what is promised. */
export function createCheckoutSession(
  deps: Deps,
  input: CreateCheckoutSession,
  caller: Caller,
): Promise<Performed<CheckoutSession>> {
  return perform(deps, createCheckoutSessionUseCase, input, caller)
}

/** A browser must not set its own price, nor ever what it pays for: an order would be paid with whatever it likes. */
function mayOpen({ userId, amount, priceId, metadata, reference }: Input, actor: Actor, settings: Settings): void {
  mayActFor(actor, 'checkout-sessions:create', userId)
  if (amount !== undefined)
    mayActFor(actor, settings.userSetsAmount ? 'payments:create-own' : 'payments:create', userId)
  const own = Object.keys(metadata).length > 0 ? metadata : undefined
  checkTerms({ metadata: own, reference }, priceId, actor, settings)
}

type Draft = Pick<Input, 'mode' | 'amount' | 'currency' | 'description' | 'priceId' | 'quantity' | 'reference'>

const needs = 'is required, or a price'

function problemsOf({ mode, amount, currency, description, priceId, quantity, reference }: Draft): [string, string][] {
  const problems: [string, string][] = []
  const refuse = (field: string, value: unknown, message: string) => {
    if (value !== undefined) problems.push([field, message])
  }
  if (mode === 'setup') {
    const message = 'does not belong to a session that saves a card'
    for (const [field, value] of Object.entries({ amount, description, priceId, quantity, reference })) {
      refuse(field, value, message)
    }
    return problems
  }
  if (priceId !== undefined) {
    const message = 'is told by the price: give one of the two'
    for (const [field, value] of Object.entries({ amount, currency, description })) refuse(field, value, message)
    return problems
  }
  if (mode === 'subscription') return [['priceId', 'is required to subscribe']]
  refuse('quantity', quantity, 'belongs to a price')
  if (amount === undefined) problems.push(['amount', needs])
  if (currency === undefined) problems.push(['currency', needs])
  const problem = amount !== undefined && currency !== undefined && amountProblem(amount, currency)
  if (problem) problems.push(['amount', problem])
  return problems
}

function itemOf({ mode, amount, currency = 'USD', description, priceId, quantity = 1, reference }: Input): Item {
  // Stripe only wants to know it to choose what methods to offer.
  if (mode === 'setup') return { currency }
  if (priceId !== undefined) return { priceId, quantity }
  // Stripe's page shows a name for everything that is paid.
  return { amount: must(amount, 'an amount'), currency, name: description ?? reference ?? 'Payment' }
}
