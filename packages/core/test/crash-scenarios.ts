import { deleteCustomerUseCase } from '../src/customers/delete-customer.ts'
import { createCustomerUseCase } from '../src/customers/ensure-customer.ts'
import type { OperationKind } from '../src/operations/operation.ts'
import { perform } from '../src/operations/perform.ts'
import type { Caller, Performed } from '../src/operations/use-case.ts'
import { pausedSubscription } from './paused-subscription.ts'
import { alice, type SandboxedFlorin, service } from './sandboxed-florin.ts'

type Cells = Readonly<Record<string, unknown>>

/** A use case, with what must be there before it and how many objects of Stripe's it makes. */
export interface Scenario {
  readonly name: string
  readonly kind: OperationKind
  /** Answers the id that is acted on. */
  readonly setUp?: (world: SandboxedFlorin) => Promise<string>
  readonly act: (world: SandboxedFlorin, id: string, caller: Caller) => Promise<Performed<unknown>>
  /** The kind of object that it makes; none for use cases that change one. */
  readonly makes?: string
  /** Whether what was asked for is so at Stripe. */
  readonly isSo: (world: SandboxedFlorin, id: string) => boolean
  /** What it makes is in no list and carries no metadata, so that a call whose answer is lost for good is never found. */
  readonly leavesNoTrace?: true
  /** What else happens to the object at Stripe, once the call was carried out. None where it is at its end. */
  readonly later?: (world: SandboxedFlorin) => Promise<void>
}

const visa = { userId: alice.id, paymentMethod: 'pm_card_visa' }
const ten = { ...visa, amount: 1000, currency: 'USD' }
const plan = { userId: alice.id, priceId: 'price_1234567890' }
const by = { actor: service }
const returnUrl = 'https://shop.example/back'

const pay = async ({ florin }: SandboxedFlorin, change: object = {}) =>
  (await florin.payments.create({ ...ten, ...change }, by)).data.id
const subscribe = async ({ florin }: SandboxedFlorin) =>
  (await florin.subscriptions.create({ ...plan, paymentMethod: 'pm_card_visa' }, by)).data.id
const attach = async ({ florin }: SandboxedFlorin) => (await florin.paymentMethods.attach(visa, by)).data.id
const endLater = async (world: SandboxedFlorin) => {
  const id = await subscribe(world)
  await world.florin.subscriptions.cancel({ id, atPeriodEnd: true }, by)
  return id
}

/** The objects of a kind at Stripe. */
export const objectsOf = ({ sandbox }: Pick<SandboxedFlorin, 'sandbox'>, kind: string): Cells[] =>
  sandbox.state.all(kind).map((object) => ({ ...object }))
const first = (world: SandboxedFlorin, kind: string): Cells => objectsOf(world, kind)[0] ?? {}
const newest = (world: SandboxedFlorin, kind: string) => String(objectsOf(world, kind).at(-1)?.id)

/** Somebody else than Florin uses the account. */
async function stripe({ sandbox }: SandboxedFlorin, path: string, body: Record<string, string> = {}) {
  const response = await sandbox.fetch(`https://api.stripe.com/v1/${path}`, {
    method: 'POST',
    headers: { Authorization: 'Bearer sk_test_florin' },
    body: new URLSearchParams(body),
  })
  const answer: Cells = JSON.parse(await response.text())
  if (response.status !== 200) throw new Error(JSON.stringify(answer))
  return answer
}

// A method as Stripe.js makes it: the test ids that end in a card's name are another one with each use.
const newMethod = async (world: SandboxedFlorin) =>
  String((await stripe(world, 'payment_methods', { type: 'card', 'card[token]': 'tok_visa' })).id)
const withMethod = async (world: SandboxedFlorin) => {
  await attach(world)
  return newMethod(world)
}

const refundSome = async (world: SandboxedFlorin) => {
  await stripe(world, 'refunds', { payment_intent: newest(world, 'payment_intent'), amount: '300' })
}
const onSubscription = (body: Record<string, string>) => async (world: SandboxedFlorin) => {
  await stripe(world, `subscriptions/${newest(world, 'subscription')}`, body)
}
const moreOfIt = async (world: SandboxedFlorin) => {
  const items = first(world, 'subscription').items
  const [, item = ''] = JSON.stringify(items).match(/"id":"(si_\w+)"/) ?? []
  await onSubscription({ 'items[0][id]': item, 'items[0][quantity]': '7' })(world)
}
const otherDefault = async (world: SandboxedFlorin) => {
  const [customer, method] = [newest(world, 'customer'), await newMethod(world)]
  await stripe(world, `payment_methods/${method}/attach`, { customer })
  await stripe(world, `customers/${customer}`, { 'invoice_settings[default_payment_method]': method })
}
const defaultOf = (world: SandboxedFlorin) => JSON.stringify(first(world, 'customer').invoice_settings)

/** Every use case that changes something at the gateway. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'make a customer',
    kind: 'customer.create',
    act: ({ deps }, _, caller) => perform(deps, createCustomerUseCase, { userId: alice.id, generation: 0 }, caller),
    makes: 'customer',
    isSo: (world) => objectsOf(world, 'customer').length === 1,
    later: otherDefault,
  },
  {
    name: 'delete a customer',
    kind: 'customer.delete',
    setUp: async (world) => {
      await attach(world)
      return newest(world, 'customer')
    },
    act: ({ deps }, customerId, caller) =>
      perform(deps, deleteCustomerUseCase, { userId: alice.id, customerId }, caller),
    isSo: (world) => first(world, 'customer').deleted === true,
  },
  {
    name: 'pay (a new customer too)',
    kind: 'payment.create',
    act: ({ florin }, _, caller) => florin.payments.create(ten, caller),
    makes: 'payment_intent',
    isSo: (world) => first(world, 'payment_intent').status === 'succeeded',
    later: refundSome,
  },
  {
    name: 'pay with a card that is declined',
    kind: 'payment.create',
    act: ({ florin }, _, caller) => florin.payments.create({ ...ten, paymentMethod: 'pm_card_chargeDeclined' }, caller),
    makes: 'payment_intent',
    isSo: (world) => first(world, 'payment_intent').status === 'requires_payment_method',
    later: async (world) => {
      const paid = { payment_method: 'pm_card_visa', return_url: returnUrl }
      await stripe(world, `payment_intents/${newest(world, 'payment_intent')}/confirm`, paid)
    },
  },
  {
    name: 'confirm',
    kind: 'payment.confirm',
    setUp: (world) => pay(world, { paymentMethod: 'pm_card_chargeDeclined' }),
    act: ({ florin }, id, caller) => florin.payments.confirm({ id, paymentMethod: 'pm_card_visa' }, caller),
    isSo: (world) => first(world, 'payment_intent').status === 'succeeded',
    later: refundSome,
  },
  {
    name: 'capture',
    kind: 'payment.capture',
    setUp: (world) => pay(world, { captureMethod: 'manual' }),
    act: ({ florin }, id, caller) => florin.payments.capture({ id }, caller),
    isSo: (world) => first(world, 'payment_intent').amount_received === 1000,
    later: refundSome,
  },
  {
    name: 'cancel a payment',
    kind: 'payment.cancel',
    setUp: (world) => pay(world, { captureMethod: 'manual' }),
    act: ({ florin }, id, caller) => florin.payments.cancel({ id }, caller),
    isSo: (world) => first(world, 'payment_intent').status === 'canceled',
  },
  {
    name: 'refund',
    kind: 'refund.create',
    setUp: (world) => pay(world, { paymentMethod: 'pm_card_refundFail' }),
    act: ({ florin }, id, caller) => florin.refunds.create({ transactionId: id, amount: 400 }, caller),
    makes: 'refund',
    isSo: (world) => objectsOf(world, 'refund').length === 1,
    // It fails by itself.
    later: (world) => world.sandbox.clock.advance(3700),
  },
  {
    name: 'attach and make it the default',
    kind: 'payment_method.attach',
    setUp: withMethod,
    act: ({ florin }, id, caller) =>
      florin.paymentMethods.attach({ userId: alice.id, paymentMethod: id, setDefault: true }, caller),
    isSo: (world, id) => defaultOf(world).includes(id),
    later: otherDefault,
  },
  {
    name: 'set the default',
    kind: 'payment_method.set_default',
    setUp: attach,
    act: ({ florin }, id, caller) => florin.paymentMethods.setDefault({ id }, caller),
    isSo: (world) => defaultOf(world).includes('pm_'),
    later: otherDefault,
  },
  {
    name: 'detach',
    kind: 'payment_method.detach',
    setUp: attach,
    act: ({ florin }, id, caller) => florin.paymentMethods.detach({ id }, caller),
    isSo: (world) => first(world, 'payment_method').customer === null,
  },
  {
    name: 'set up',
    kind: 'payment_method.set_up',
    act: ({ florin }, _, caller) => florin.paymentMethods.setUp({ userId: alice.id }, caller),
    makes: 'setup_intent',
    isSo: (world) => objectsOf(world, 'setup_intent').length === 1,
    later: async (world) => {
      await stripe(world, `setup_intents/${newest(world, 'setup_intent')}/cancel`)
    },
  },
  {
    name: 'subscribe (attaching the card)',
    kind: 'subscription.create',
    setUp: newMethod,
    act: ({ florin }, id, caller) => florin.subscriptions.create({ ...plan, paymentMethod: id }, caller),
    makes: 'subscription',
    isSo: (world) => first(world, 'subscription').status === 'active',
    later: moreOfIt,
  },
  {
    name: 'update a subscription',
    kind: 'subscription.update',
    setUp: subscribe,
    act: ({ florin }, id, caller) => florin.subscriptions.update({ id, quantity: 3 }, caller),
    isSo: (world) => JSON.stringify(first(world, 'subscription').items).includes('"quantity":3'),
    later: moreOfIt,
  },
  {
    name: 'end a subscription at its period’s end',
    kind: 'subscription.cancel',
    setUp: subscribe,
    act: ({ florin }, id, caller) => florin.subscriptions.cancel({ id, atPeriodEnd: true }, caller),
    isSo: (world) => first(world, 'subscription').cancel_at_period_end === true,
    later: onSubscription({ cancel_at_period_end: 'false' }),
  },
  {
    name: 'resume a subscription',
    kind: 'subscription.resume',
    setUp: endLater,
    act: ({ florin }, id, caller) => florin.subscriptions.resume({ id }, caller),
    isSo: (world) => first(world, 'subscription').cancel_at_period_end === false,
    later: onSubscription({ cancel_at_period_end: 'true' }),
  },
  {
    name: 'wake a paused subscription',
    kind: 'subscription.resume',
    setUp: (world) => pausedSubscription(world, { card: 'pm_card_visa' }),
    act: ({ florin }, id, caller) => florin.subscriptions.resume({ id }, caller),
    isSo: (world) => first(world, 'subscription').status === 'active',
    later: moreOfIt,
  },
  {
    name: 'cancel a subscription',
    kind: 'subscription.cancel',
    setUp: subscribe,
    act: ({ florin }, id, caller) => florin.subscriptions.cancel({ id }, caller),
    isSo: (world) => first(world, 'subscription').status === 'canceled',
  },
  {
    name: 'open a Checkout session',
    kind: 'checkout_session.create',
    act: ({ florin }, _, caller) =>
      florin.checkoutSessions.create(
        { userId: alice.id, mode: 'payment', amount: 1000, currency: 'USD', successUrl: returnUrl },
        caller,
      ),
    makes: 'checkout.session',
    isSo: (world) => objectsOf(world, 'checkout.session').length === 1,
    later: async (world) => {
      await stripe(world, `checkout/sessions/${newest(world, 'checkout.session')}/expire`)
    },
  },
  {
    name: 'open the billing portal',
    kind: 'billing_portal_session.create',
    act: ({ florin }, _, caller) => florin.billingPortalSessions.create({ userId: alice.id, returnUrl }, caller),
    makes: 'billing_portal.session',
    leavesNoTrace: true,
    isSo: (world) => objectsOf(world, 'billing_portal.session').length === 1,
  },
]

/** Its first call is refused, so that a second one follows. A refusal whose answer is lost for good is never found. */
export const wakeWithoutCard: Scenario = {
  name: 'wake a paused subscription of a user without a card',
  kind: 'subscription.resume',
  setUp: pausedSubscription,
  act: ({ florin }, id, caller) => florin.subscriptions.resume({ id }, caller),
  // One of the trial, and one that waits to be paid, or waited until it was void.
  isSo: (world) => objectsOf(world, 'invoice').length === 2,
}
