import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CustomerObservation } from '../customers/customer.ts'
import type { DisputeObservation } from '../disputes/dispute.ts'
import { type InvoiceObservation, invoiceStatuses } from '../invoices/invoice.ts'
import type { PaymentMethodObservation } from '../payment-methods/payment-method.ts'
import { type PaymentObservation, paymentStatuses } from '../payments/payment.ts'
import { type RefundObservation, refundStatuses } from '../refunds/refund.ts'
import { type SubscriptionObservation, subscriptionStatuses } from '../subscriptions/subscription.ts'
import type { Sighting } from './join.ts'
import type { Observation } from './observation.ts'
import { observe } from './observe.ts'
import { type RowSet, rowsOf } from './row-set.ts'

// One object of each kind, told of in few seconds and few values, in part and in whole: ties are the rule.
const stamp = fc.integer({ min: 10, max: 13 })
const identity = { florinId: null, installation: null, customerId: 'cus_1', livemode: false, created: 1 } as const

const seen = <Facts>(facts: fc.Arbitrary<Facts>): fc.Arbitrary<Sighting<Facts>> =>
  fc.record({ facts, stamp, before: facts }, { requiredKeys: ['facts', 'stamp'] })

const intent = seen(
  fc.record({
    status: fc.constantFrom(...paymentStatuses.filter((status) => status !== 'pending')),
    amount: fc.constant(1000),
    amountCaptured: fc.constantFrom(0, 1000),
    chargeId: fc.constantFrom(null, 'ch_1'),
    currency: fc.constant('EUR'),
    gatewayStatus: fc.constant(null),
    amountCapturable: fc.constant(0),
    captureMethod: fc.constant('automatic' as const),
    paymentMethod: fc.constantFrom(null, 'pm_1'),
    failure: fc.constant(null),
    nextAction: fc.constant(null),
  }),
)
const charge = seen(fc.record({ chargeRefunded: fc.constantFrom(0, 300, 700, 1000) }))

const payment: fc.Arbitrary<PaymentObservation> = fc
  .record({ intent, charge }, { requiredKeys: [] })
  .map((told) => ({ ...identity, object: 'payment', gatewayId: 'pi_1', ...told }))

const refund: fc.Arbitrary<RefundObservation> = fc
  .record({
    gatewayId: fc.constantFrom('re_1', 're_2'),
    refund: seen(
      fc.record({
        status: fc.constantFrom(...refundStatuses),
        amount: fc.constant(300),
        currency: fc.constant('EUR'),
        gatewayStatus: fc.constant(null),
        reason: fc.constant(null),
        failureReason: fc.constant(null),
        gatewayCreated: fc.constant(11),
      }),
    ),
  })
  .map((told) => ({ ...identity, object: 'refund', paymentGatewayId: 'pi_1', ...told }))

const dispute: fc.Arbitrary<DisputeObservation> = seen(
  fc.record({
    status: fc.constantFrom('needs_response', 'under_review', 'won', 'lost'),
    amount: fc.constant(1000),
    currency: fc.constant('EUR'),
    reason: fc.constant('fraudulent'),
    evidenceDueBy: fc.constant(null),
  }),
).map((told) => ({ ...identity, object: 'dispute', gatewayId: 'dp_1', paymentGatewayId: 'pi_1', dispute: told }))

const subscription: fc.Arbitrary<SubscriptionObservation> = seen(
  fc.record({
    status: fc.constantFrom(...subscriptionStatuses.filter((status) => status !== 'pending')),
    gatewayStatus: fc.constant(null),
    items: fc.constantFrom(
      [],
      [{ id: 'si_1', priceId: 'p', quantity: 1, currentPeriodStart: null, currentPeriodEnd: null }],
    ),
    trialStart: fc.constant(null),
    trialEnd: fc.constant(null),
    cancelAt: fc.constant(null),
    cancelAtPeriodEnd: fc.boolean(),
    canceledAt: fc.constant(null),
    endedAt: fc.constant(null),
    latestInvoice: fc.constantFrom(null, 'in_1'),
    metadata: fc.constantFrom({}, { plan: 'gold' }),
  }),
).map((told) => ({ ...identity, object: 'subscription', gatewayId: 'sub_1', subscription: told }))

const day = '2026-11-01T00:00:00.000Z'
const invoice: fc.Arbitrary<InvoiceObservation> = fc
  .record(
    {
      invoice: seen(
        fc.record({
          status: fc.constantFrom(...invoiceStatuses),
          amountPaid: fc.constantFrom(0, 2000),
          attemptCount: fc.integer({ min: 0, max: 2 }),
          number: fc.constant(null),
          gatewayStatus: fc.constant(null),
          currency: fc.constant('EUR'),
          amountDue: fc.constant(2000),
          amountRemaining: fc.constant(0),
          billingReason: fc.constant(null),
          nextPaymentAttempt: fc.constant(null),
          periodStart: fc.constant(day),
          periodEnd: fc.constant(day),
          lines: fc.constant([]),
          hostedInvoiceUrl: fc.constant(null),
          invoicePdf: fc.constant(null),
          paidAt: fc.constant(null),
        }),
      ),
      payment: seen(fc.record({ paymentGatewayId: fc.constantFrom('pi_8', 'pi_9') })),
    },
    { requiredKeys: ['invoice'] },
  )
  .map((told) => ({
    ...{ ...identity, object: 'invoice', gatewayId: 'in_1', ...told },
    ...{ subscriptionGatewayId: 'sub_1', subscriptionFlorinId: null },
  }))

const method: fc.Arbitrary<PaymentMethodObservation> = fc
  .record(
    {
      attachment: seen(
        fc.constantFrom(
          { status: 'attached' as const, customerId: 'cus_1' },
          { status: 'detached' as const, customerId: null },
        ),
      ),
      details: seen(
        fc.record({
          type: fc.constant('card'),
          card: fc.constantFrom(null, { brand: 'visa', last4: '4242', expMonth: 1, expYear: 2030, fingerprint: null }),
        }),
      ),
    },
    // A SetupIntent tells no details.
    { requiredKeys: ['attachment'] },
  )
  .map((told) => ({ ...identity, object: 'payment_method', gatewayId: 'pm_1', ...told }))

const customer: fc.Arbitrary<CustomerObservation> = seen(
  fc.record({ deleted: fc.boolean(), defaultMethod: fc.constantFrom(null, 'pm_1', 'pm_2') }),
).map((told) => ({ ...identity, object: 'customer', gatewayId: 'cus_1', userId: 'user_1', customer: told }))

const observing = {
  now: day,
  newId: (prefix: string) => `${prefix}_new`,
  installation: 'florin',
  sweepAfterMs: 900_000,
}

// Rows that were adopted in another order differ only in the ids that chance gave them, which are fixed here by kind.
function stateAfter(observations: readonly Observation[], start: RowSet = {}): unknown {
  const { rows } = observations.reduce(
    (state, one) => observe(state.rows, [one], { ...observing, newId: idFor(one) }),
    {
      rows: start,
      facts: [],
    } as ReturnType<typeof observe>,
  )
  return tables.map((table) => [...rowsOf(rows, table)].sort((a, b) => (a.id < b.id ? -1 : 1)).map(withoutTimes))
}
const idFor = (one: Observation) => (prefix: string) => `${prefix}_${one.gatewayId}`
const withoutTimes = (row: object) => ({ ...row, updatedAt: null, dueAt: null })
const tables = [
  'transactions',
  'refunds',
  'disputes',
  'subscriptions',
  'invoices',
  'payment_methods',
  'customers',
] as const

const slices: readonly { readonly slice: string; readonly any: fc.Arbitrary<Observation> }[] = [
  { slice: 'payments', any: payment },
  { slice: 'payments with their refunds and disputes', any: fc.oneof(payment, refund, dispute) },
  { slice: 'refunds', any: refund },
  { slice: 'disputes', any: dispute },
  { slice: 'subscriptions', any: subscription },
  { slice: 'subscriptions with their invoices', any: fc.oneof(subscription, invoice) },
  { slice: 'invoices', any: invoice },
  { slice: 'customers', any: customer },
]

const runs = { numRuns: 10_000 }

describe.each(slices)('$slice', ({ any }) => {
  it('end in the same rows in any order and with any repetition', () => {
    const lives = fc
      .array(any, { maxLength: 8 })
      .chain((told) =>
        fc.tuple(fc.constant(told), fc.shuffledSubarray([...told, ...told], { minLength: told.length * 2 })),
      )
    fc.assert(
      fc.property(lives, ([told, shuffled]) => {
        expect(stateAfter(shuffled)).toEqual(stateAfter(told))
      }),
      runs,
    )
  }, 120_000)
})

describe('payment methods', () => {
  it('end in the same rows in any order once one was seen attached', () => {
    const attached: PaymentMethodObservation = {
      ...{ ...identity, object: 'payment_method', gatewayId: 'pm_1' },
      attachment: { facts: { status: 'attached', customerId: 'cus_1' }, stamp: 1 },
    }
    const lives = fc
      .array(method, { maxLength: 8 })
      .chain((told) => fc.tuple(fc.constant(told), fc.shuffledSubarray(told, { minLength: told.length })))
    fc.assert(
      fc.property(lives, ([told, shuffled]) => {
        expect(stateAfter([attached, ...shuffled])).toEqual(stateAfter([attached, ...told]))
      }),
      runs,
    )
  }, 120_000)
})
