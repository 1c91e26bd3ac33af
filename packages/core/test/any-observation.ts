import fc from 'fast-check'
import type { CustomerObservation } from '../src/customers/customer.ts'
import type { DisputeObservation } from '../src/disputes/dispute.ts'
import { type InvoiceObservation, invoiceStatuses } from '../src/invoices/invoice.ts'
import type { Sighting } from '../src/observations/join.ts'
import type { PaymentMethodObservation } from '../src/payment-methods/payment-method.ts'
import { type PaymentObservation, paymentStatuses } from '../src/payments/payment.ts'
import { type RefundObservation, refundStatuses } from '../src/refunds/refund.ts'
import { type SubscriptionObservation, subscriptionStatuses } from '../src/subscriptions/subscription.ts'

// One object of each kind, told of in few seconds and few values, in part and in whole: ties are the rule.
const stamp = fc.integer({ min: 10, max: 13 })
const identity = {
  florinId: null,
  installation: null,
  customerId: 'cus_1',
  livemode: false,
  created: 1,
} as const

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

export const payment: fc.Arbitrary<PaymentObservation> = fc
  .record({ intent, charge }, { requiredKeys: [] })
  .map((told) => ({ ...identity, object: 'payment', gatewayId: 'pi_1', ...told }))

export const refund: fc.Arbitrary<RefundObservation> = fc
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

export const dispute: fc.Arbitrary<DisputeObservation> = seen(
  fc.record({
    status: fc.constantFrom('needs_response', 'under_review', 'won', 'lost'),
    amount: fc.constant(1000),
    currency: fc.constant('EUR'),
    reason: fc.constant('fraudulent'),
    evidenceDueBy: fc.constant(null),
  }),
).map((told) => ({ ...identity, object: 'dispute', gatewayId: 'dp_1', paymentGatewayId: 'pi_1', dispute: told }))

export const subscription: fc.Arbitrary<SubscriptionObservation> = seen(
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
    paymentMethod: fc.constantFrom(null, 'pm_1'),
    metadata: fc.constantFrom({}, { plan: 'gold' }),
  }),
).map((told) => ({ ...identity, object: 'subscription', gatewayId: 'sub_1', subscription: told }))

export const day = '2026-11-01T00:00:00.000Z'
export const invoice: fc.Arbitrary<InvoiceObservation> = fc
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
          hasMoreLines: fc.boolean(),
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

export const method: fc.Arbitrary<PaymentMethodObservation> = fc
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

export const customer: fc.Arbitrary<CustomerObservation> = seen(
  fc.record({ deleted: fc.boolean(), defaultMethod: fc.constantFrom(null, 'pm_1', 'pm_2') }),
).map((told) => ({ ...identity, object: 'customer', gatewayId: 'cus_1', userId: 'user_1', customer: told }))
