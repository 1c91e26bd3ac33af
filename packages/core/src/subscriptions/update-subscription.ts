import { z } from 'zod'
import { scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { RefusedError } from '../errors.ts'
import { metadata } from '../input/fields.ts'
import { keyOf } from '../input/object-ids.ts'
import { rowsOf } from '../observations/row-set.ts'
import { perform } from '../operations/perform.ts'
import type { Caller, Performed, UseCase } from '../operations/use-case.ts'
import { type PaymentMethodRow, paymentMethodId } from '../payment-methods/payment-method.ts'
import { usableMethod } from '../payment-methods/usable-method.ts'
import { type FindOne, one } from '../ports/storage.ts'
import { callOn, changeOf, dateTakenBack, found, settleChange, withoutEnd } from './change-subscription.ts'
import { isEnded, isEnding, type Subscription, type SubscriptionRow, subscriptionId } from './subscription.ts'
import { checkTerms, priceId } from './subscription-terms.ts'

/** What `subscriptions.update` takes. */
export interface UpdateSubscription {
  /** Florin's `subscription_…` or Stripe's `sub_…`. */
  readonly id: string
  /** Stripe's id of the price to change to, `price_…`. */
  readonly priceId?: string | undefined
  /** How many of the price from now on, from 1 to 1,000,000. */
  readonly quantity?: number | undefined
  /** What happens to the time already paid: on the next invoice (default), on one of its own now, or nothing. */
  readonly proration?: 'create_prorations' | 'always_invoice' | 'none' | undefined
  /** `true`: ends once the paid time is used up. `false`: takes that back. */
  readonly cancelAtPeriodEnd?: boolean | undefined
  /**
   * What it is paid with from now on: Stripe's `pm_…` or Florin's `method_…` of the same user. What is owed already is
   * paid at Stripe's next try, or at once by `payments.confirm` of the invoice's payment.
   */
  readonly paymentMethod?: string | undefined
  /** Added to what is there: keys that are not named stay. Up to 44 keys of 40 characters, values of 500. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

export const updateSubscriptionInput = z
  .strictObject({
    id: subscriptionId,
    priceId: priceId.optional(),
    quantity: z.int().min(1).max(1_000_000).optional(),
    proration: z.enum(['create_prorations', 'always_invoice', 'none']).optional(),
    cancelAtPeriodEnd: z.boolean().optional(),
    paymentMethod: paymentMethodId.optional(),
    metadata: metadata.optional(),
  })
  .refine(({ id: _, proration: __, ...changes }) => Object.values(changes).some((change) => change !== undefined), {
    error: 'must change at least one of price_id, quantity, cancel_at_period_end, payment_method, metadata',
  })

type Input = z.output<typeof updateSubscriptionInput>

const change = changeOf('subscriptions:update')

/** As data, so that recovery can go on with it. */
export const updateSubscriptionUseCase: UseCase<
  Input,
  { subscription: FindOne<'subscriptions'>; method?: FindOne<'payment_methods'> },
  Subscription
> = {
  kind: 'subscription.update',
  input: updateSubscriptionInput,
  ...change,
  read: (input, actor) => ({ ...change.read(input, actor), ...methodNamed(input) }),
  reread: (operation) => ({
    ...change.reread(operation),
    ...methodNamed(updateSubscriptionInput.parse(operation.input)),
  }),
  authorize({ priceId, proration, metadata }, actor, settings) {
    scopeOf(actor, 'subscriptions:update')
    checkTerms({ proration, metadata }, priceId, actor, settings)
  },
  intend({ method, ...loaded }, input, { actor, settings }) {
    const subscription = found(loaded.subscription, input.id)
    if (subscription.gatewayId === null || isEnded(subscription) || subscription.status === 'incomplete') {
      throw new RefusedError(
        'subscription_not_updatable',
        `a subscription that is ${subscription.status} cannot be changed`,
      )
    }
    // Of a price that users may not choose they do not choose how many either.
    if (input.quantity !== undefined) checkTerms({}, subscription.items[0]?.priceId, actor, settings)
    const { proration, cancelAtPeriodEnd, metadata } = input
    const paymentMethod = input.paymentMethod && usableMethod(input.paymentMethod, method, subscription.userId ?? '')
    return callOn(subscription, 'update', {
      do: 'subscription.update',
      subscription: subscription.gatewayId,
      ...itemChange(subscription, input),
      ...(proration !== undefined && { proration }),
      ...(cancelAtPeriodEnd && { cancelAtPeriodEnd }),
      ...(cancelAtPeriodEnd === false && withoutEnd(subscription)),
      ...(paymentMethod !== undefined && { paymentMethod }),
      ...(metadata !== undefined && { metadata }),
    })
  },
  settle: (settling) =>
    (settling.input.cancelAtPeriodEnd === false ? dateTakenBack(settling) : undefined) ??
    settleChange(settling, 'subscription_not_updatable', (row) =>
      isAsAsked(row, settling.input, rowsOf(settling.rows, 'payment_methods')),
    ),
}

/** Changes a subscription; `Subscriptions.update` says what is promised. */
export function updateSubscription(
  deps: Deps,
  input: UpdateSubscription,
  caller: Caller,
): Promise<Performed<Subscription>> {
  return perform(deps, updateSubscriptionUseCase, input, caller)
}

const methodNamed = ({ paymentMethod }: Input): { method?: FindOne<'payment_methods'> } =>
  paymentMethod === undefined ? {} : { method: one('payment_methods', keyOf('payment_method', paymentMethod)) }

function isAsAsked(row: SubscriptionRow, input: Input, methods: readonly PaymentMethodRow[]): boolean {
  const { priceId, quantity, cancelAtPeriodEnd, paymentMethod, metadata } = input
  const [item] = row.items
  return (
    (paymentMethod === undefined ||
      paymentMethod === row.paymentMethod ||
      methods.some(({ id, gatewayId }) => id === paymentMethod && gatewayId === row.paymentMethod)) &&
    Object.entries(metadata ?? {}).every(([key, value]) => row.metadata[key] === value) &&
    (priceId === undefined || priceId === item?.priceId) &&
    (quantity === undefined || quantity === item?.quantity) &&
    (cancelAtPeriodEnd === undefined || (cancelAtPeriodEnd ? row.cancelAtPeriodEnd : !isEnding(row)))
  )
}

// Without the item's id Stripe would add a second item instead of changing the one that is there.
function itemChange({ items }: SubscriptionRow, { priceId, quantity }: Input) {
  if (priceId === undefined && quantity === undefined) return {}
  const [item, ...others] = items
  if (!item || others.length > 0) {
    throw new RefusedError('subscription_not_updatable', 'only subscriptions with one item can be changed here')
  }
  const change = { ...(priceId !== undefined && { priceId }), ...(quantity !== undefined && { quantity }) }
  return { item: { id: item.id, ...change } }
}
