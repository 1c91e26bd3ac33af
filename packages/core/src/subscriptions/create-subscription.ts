import { z } from 'zod'
import { mayActFor } from '../actor.ts'
import type { CustomerRow } from '../customers/customer.ts'
import { customerFor } from '../customers/ensure-customer.ts'
import type { Deps } from '../deps.ts'
import { type FlorinError, must } from '../errors.ts'
import { metadata, userId } from '../input/fields.ts'
import { keyOf } from '../input/object-ids.ts'
import { unobserved } from '../observations/join.ts'
import { findRow, putRow, type RowSet } from '../observations/row-set.ts'
import { leaseOn } from '../operations/lease.ts'
import { perform } from '../operations/perform.ts'
import { rejectionError } from '../operations/rejection.ts'
import type { Caller, Deciding, Performed, Settling, UseCase } from '../operations/use-case.ts'
import { paymentMethodId } from '../payment-methods/payment-method.ts'
import { declined, ownerOf, usableMethod } from '../payment-methods/usable-method.ts'
import type { GatewayCall, Rejection } from '../ports/gateway.ts'
import { type FindMany, type FindOne, many, one, write } from '../ports/storage.ts'
import { secondsOf } from '../time.ts'
import { subscriptionOf } from './change-subscription.ts'
import { type Subscription, type SubscriptionRow, toSubscription } from './subscription.ts'
import { checkTerms, priceId } from './subscription-terms.ts'

/** What `subscriptions.create` takes. */
export interface CreateSubscription {
  /** Your own id of who subscribes. Letters, digits and `. _ : @ -`; one that is new becomes a customer at Stripe. */
  readonly userId: string
  /** Stripe's id of a price that recurs, `price_…`. */
  readonly priceId: string
  /** Stripe's `pm_…` or Florin's `method_…`. Absent: the user's default, or Stripe Elements where there is none. */
  readonly paymentMethod?: string | undefined
  /** Days until the first payment, from 1 to 730: Stripe allows at most two years. Absent: no trial. */
  readonly trialDays?: number | undefined
  /** How many of the price, up to 1,000,000; 1 where absent. */
  readonly quantity?: number | undefined
  /** Your own keys and values, kept at Stripe too: up to 44 keys of 40 characters, values of 500. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

export const createSubscriptionInput = z.strictObject({
  userId,
  priceId,
  paymentMethod: paymentMethodId.optional(),
  trialDays: z.int().min(1).max(730).optional(),
  quantity: z.int().min(1).max(1_000_000).default(1),
  metadata: metadata.optional(),
})

type Input = z.output<typeof createSubscriptionInput>

/** As data, so that recovery can go on with it. */
export const createSubscriptionUseCase: UseCase<
  Input,
  { customers: FindMany<'customers'>; method?: FindOne<'payment_methods'> },
  Subscription
> = {
  kind: 'subscription.create',
  input: createSubscriptionInput,
  lease: ({ userId }) => leaseOn('customer', userId),
  authorize({ userId, priceId, trialDays, metadata }, actor, settings) {
    mayActFor(actor, 'subscriptions:create', userId)
    checkTerms({ trialDays, metadata }, priceId, actor, settings)
  },
  read: ({ userId, paymentMethod }) => ({
    customers: many('customers', { userId }),
    ...(paymentMethod !== undefined && { method: one('payment_methods', keyOf('payment_method', paymentMethod)) }),
  }),
  intend({ customers, method }, input, deciding) {
    const owner = ownerOf(method, input.userId)
    const customer = customers.find(({ id }) => id === owner) ?? customers.find(({ isPrimary }) => isPrimary)
    if (!customer) return { needs: customerFor(input.userId) }
    const subscription = pendingSubscription(input, customer.id, deciding)
    const { userId } = input
    const intent = { objectId: subscription.id, userId, changes: [write('subscriptions', subscription)] }
    const lease = leaseOn('customer', userId)
    const tag = { florinId: subscription.id, operationId: deciding.operationId, userId }
    const paymentMethod = input.paymentMethod && usableMethod(input.paymentMethod, method, userId)
    // A method must belong to the customer before a subscription can use it.
    const attached = paymentMethod === undefined || method?.customerId === customer.id
    const step =
      paymentMethod === undefined || attached
        ? { name: 'create', call: createCall(input, customer, tag, paymentMethod) }
        : { name: 'attach', call: { do: 'payment_method.attach', paymentMethod, customer: customer.id } as const }
    return { ...intent, lease, step }
  },
  reread: ({ objectId, userId }) => ({
    subscription: one('subscriptions', { id: objectId ?? '' }),
    customers: many('customers', { userId }),
  }),
  settle(settling) {
    const { answer, step, rows, operation, input } = settling
    if (answer.outcome === 'declined') return unmade(settling, declined(answer.decline))
    const subscription = subscriptionOf(settling)
    const customer = must(customerOf(rows, subscription), `customer ${subscription.customerId}`)
    const method = step === 'attach' ? attachedBy(settling, customer) : undefined
    const tag = { florinId: subscription.id, operationId: operation.id, userId: input.userId }
    if (answer.outcome === 'rejected' && method === undefined) {
      // The default that was known is gone, so the first payment waits for the customer, as it does without one.
      if (step === 'create' && input.paymentMethod === undefined && isWithoutMethod(answer.rejection)) {
        const call = createCall(input, { ...customer, defaultMethod: null }, tag, undefined)
        return { rows, step: { name: 'create_unpaid', call } }
      }
      return unmade(settling, rejectionError(answer.rejection, 'gateway_refused'))
    }
    if (method === undefined) return { rows, done: toSubscription(subscription, { withSecret: true }) }
    return { rows, step: { name: 'create', call: createCall(input, customer, tag, method) } }
  },
}

/** Subscribes a user to a price; `Subscriptions.create` says what is promised. */
export function createSubscription(
  deps: Deps,
  input: CreateSubscription,
  caller: Caller,
): Promise<Performed<Subscription>> {
  return perform(deps, createSubscriptionUseCase, input, caller)
}

const customerOf = (rows: RowSet, { customerId }: SubscriptionRow) =>
  findRow(rows, 'customers', ({ id }) => id === customerId)

function createCall(
  { priceId, quantity, trialDays, metadata }: Input,
  { id: customer, defaultMethod }: CustomerRow,
  tag: Extract<GatewayCall, { do: 'subscription.create' }>['tag'],
  paymentMethod: string | undefined,
): GatewayCall {
  return {
    do: 'subscription.create',
    ...{ tag, customer, priceId, quantity },
    metadata: metadata ?? {},
    ...(trialDays !== undefined && { trialDays }),
    ...(paymentMethod !== undefined && { paymentMethod }),
    payNow: paymentMethod !== undefined || defaultMethod !== null,
  }
}

/** Stripe found nothing to charge. It names a parameter where an id in it is the one that is missing. */
const isWithoutMethod = ({ code, param }: Rejection): boolean => code === 'resource_missing' && param === null

/** The id of the method that was to be attached, where it is: by this call, or by an earlier send of it. */
function attachedBy({ answer, rows, operation }: Settling<Input>, customer: CustomerRow): string | undefined {
  // Also where it is detached again by now: Stripe will say so.
  if (answer.outcome === 'accepted') return must(answer.objectId, 'the id of an attached method')
  const subject = operation.steps.at(-1)?.call.subject
  const method = findRow(rows, 'payment_methods', ({ gatewayId }) => gatewayId === subject)
  return method?.customerId === customer.id ? method.gatewayId : undefined
}

// It was never made at the gateway: nothing will ever be charged for it.
function unmade(settling: Settling<Input>, refused: FlorinError) {
  const row = subscriptionOf(settling)
  const { rows, now } = settling
  const ended: SubscriptionRow = { ...row, status: 'canceled', canceledAt: now, endedAt: now, updatedAt: now }
  if (row.gatewayId !== null) return { rows, refused }
  const data = toSubscription(ended, { withSecret: false })
  const told = { objectId: row.id, discriminator: 'canceled', stamp: secondsOf(now), data }
  const facts = [{ type: 'subscription.canceled', ...told } as const]
  return { rows: putRow(rows, 'subscriptions', ended), facts, refused }
}

function pendingSubscription(input: Input, customerId: string, { newId, now }: Deciding): SubscriptionRow {
  return {
    ...unobserved,
    id: newId('subscription'),
    version: 0,
    createdAt: now,
    updatedAt: now,
    userId: input.userId,
    customerId,
    gatewayId: null,
    status: 'pending',
    gatewayStatus: null,
    items: [],
    trialStart: null,
    trialEnd: null,
    cancelAt: null,
    cancelAtPeriodEnd: false,
    canceledAt: null,
    endedAt: null,
    latestInvoice: null,
    paymentMethod: null,
    metadata: input.metadata ?? {},
    clientSecret: null,
  }
}
