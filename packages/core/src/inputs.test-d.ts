import { expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import type { ListAuditEntries, listAuditEntriesInput } from './audit/list-audit-entries.ts'
import type {
  CreateBillingPortalSession,
  createBillingPortalSessionInput,
} from './billing-portal-sessions/create-billing-portal-session.ts'
import type { CreateCheckoutSession, createCheckoutSessionInput } from './checkout-sessions/create-checkout-session.ts'
import type { ListDisputes, listDisputesInput } from './disputes/list-disputes.ts'
import type { ListEvents, listEventsInput } from './events/list-events.ts'
import type { ListInvoices, listInvoicesInput } from './invoices/list-invoices.ts'
import type { ListSubscriptionInvoices, listSubscriptionInvoicesInput } from './invoices/list-subscription-invoices.ts'
import type { AttachPaymentMethod, attachPaymentMethodInput } from './payment-methods/attach-payment-method.ts'
import type { DetachPaymentMethod, detachPaymentMethodInput } from './payment-methods/detach-payment-method.ts'
import type { ListPaymentMethods, listPaymentMethodsInput } from './payment-methods/list-payment-methods.ts'
import type {
  SetDefaultPaymentMethod,
  setDefaultPaymentMethodInput,
} from './payment-methods/set-default-payment-method.ts'
import type { SetUpPaymentMethod, setUpPaymentMethodInput } from './payment-methods/set-up-payment-method.ts'
import type { CancelPayment, cancelPaymentInput } from './payments/cancel-payment.ts'
import type { CapturePayment, capturePaymentInput } from './payments/capture-payment.ts'
import type { ConfirmPayment, confirmPaymentInput } from './payments/confirm-payment.ts'
import type { CreatePayment, createPaymentInput } from './payments/create-payment.ts'
import type { ListPayments, listPaymentsInput } from './payments/list-payments.ts'
import type { CreateRefund, createRefundInput } from './refunds/create-refund.ts'
import type { ListRefunds, listRefundsInput } from './refunds/list-refunds.ts'
import type { CancelSubscription, cancelSubscriptionInput } from './subscriptions/cancel-subscription.ts'
import type { CreateSubscription, createSubscriptionInput } from './subscriptions/create-subscription.ts'
import type { ListSubscriptions, listSubscriptionsInput } from './subscriptions/list-subscriptions.ts'
import type { ResumeSubscription, resumeSubscriptionInput } from './subscriptions/resume-subscription.ts'
import type { UpdateSubscription, updateSubscriptionInput } from './subscriptions/update-subscription.ts'
import type { EraseUser, eraseUserInput } from './users/erase-user.ts'
import type { ListWebhookEvents, listWebhookEventsInput } from './webhooks/list-webhook-events.ts'

/** What a schema takes, to be read only as the interfaces have it. */
type Taken<Schema extends z.ZodType> = { readonly [Field in keyof z.input<Schema>]: Readonly<z.input<Schema>[Field]> }

test('the inputs are documented as their schemas take them', () => {
  expectTypeOf<Taken<typeof listAuditEntriesInput>>().toEqualTypeOf<ListAuditEntries>()
  expectTypeOf<Taken<typeof createBillingPortalSessionInput>>().toEqualTypeOf<CreateBillingPortalSession>()
  expectTypeOf<Taken<typeof createCheckoutSessionInput>>().toEqualTypeOf<CreateCheckoutSession>()
  expectTypeOf<Taken<typeof listDisputesInput>>().toEqualTypeOf<ListDisputes>()
  expectTypeOf<Taken<typeof listEventsInput>>().toEqualTypeOf<ListEvents>()
  expectTypeOf<Taken<typeof listInvoicesInput>>().toEqualTypeOf<ListInvoices>()
  expectTypeOf<Taken<typeof listSubscriptionInvoicesInput>>().toEqualTypeOf<ListSubscriptionInvoices>()
  expectTypeOf<Taken<typeof attachPaymentMethodInput>>().toEqualTypeOf<AttachPaymentMethod>()
  expectTypeOf<Taken<typeof detachPaymentMethodInput>>().toEqualTypeOf<DetachPaymentMethod>()
  expectTypeOf<Taken<typeof listPaymentMethodsInput>>().toEqualTypeOf<ListPaymentMethods>()
  expectTypeOf<Taken<typeof setDefaultPaymentMethodInput>>().toEqualTypeOf<SetDefaultPaymentMethod>()
  expectTypeOf<Taken<typeof setUpPaymentMethodInput>>().toEqualTypeOf<SetUpPaymentMethod>()
  expectTypeOf<Taken<typeof cancelPaymentInput>>().toEqualTypeOf<CancelPayment>()
  expectTypeOf<Taken<typeof capturePaymentInput>>().toEqualTypeOf<CapturePayment>()
  expectTypeOf<Taken<typeof confirmPaymentInput>>().toEqualTypeOf<ConfirmPayment>()
  expectTypeOf<Taken<typeof createPaymentInput>>().toEqualTypeOf<CreatePayment>()
  expectTypeOf<Taken<typeof listPaymentsInput>>().toEqualTypeOf<ListPayments>()
  expectTypeOf<Taken<typeof createRefundInput>>().toEqualTypeOf<CreateRefund>()
  expectTypeOf<Taken<typeof listRefundsInput>>().toEqualTypeOf<ListRefunds>()
  expectTypeOf<Taken<typeof cancelSubscriptionInput>>().toEqualTypeOf<CancelSubscription>()
  expectTypeOf<Taken<typeof createSubscriptionInput>>().toEqualTypeOf<CreateSubscription>()
  expectTypeOf<Taken<typeof listSubscriptionsInput>>().toEqualTypeOf<ListSubscriptions>()
  expectTypeOf<Taken<typeof resumeSubscriptionInput>>().toEqualTypeOf<ResumeSubscription>()
  expectTypeOf<Taken<typeof updateSubscriptionInput>>().toEqualTypeOf<UpdateSubscription>()
  expectTypeOf<Taken<typeof eraseUserInput>>().toEqualTypeOf<EraseUser>()
  expectTypeOf<Taken<typeof listWebhookEventsInput>>().toEqualTypeOf<ListWebhookEvents>()
})
