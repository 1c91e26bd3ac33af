import { createBillingPortalSessionUseCase } from '../billing-portal-sessions/create-billing-portal-session.ts'
import { createCheckoutSessionUseCase } from '../checkout-sessions/create-checkout-session.ts'
import { deleteCustomerUseCase } from '../customers/delete-customer.ts'
import { createCustomerUseCase } from '../customers/ensure-customer.ts'
import type { Deps } from '../deps.ts'
import type { Json } from '../json.ts'
import { attachPaymentMethodUseCase } from '../payment-methods/attach-payment-method.ts'
import { detachPaymentMethodUseCase } from '../payment-methods/detach-payment-method.ts'
import { setDefaultPaymentMethodUseCase } from '../payment-methods/set-default-payment-method.ts'
import { setUpPaymentMethodUseCase } from '../payment-methods/set-up-payment-method.ts'
import { cancelPaymentUseCase } from '../payments/cancel-payment.ts'
import { capturePaymentUseCase } from '../payments/capture-payment.ts'
import { confirmPaymentUseCase } from '../payments/confirm-payment.ts'
import { createPaymentUseCase } from '../payments/create-payment.ts'
import type { Query } from '../ports/storage.ts'
import { createRefundUseCase } from '../refunds/create-refund.ts'
import { cancelSubscriptionUseCase } from '../subscriptions/cancel-subscription.ts'
import { createSubscriptionUseCase } from '../subscriptions/create-subscription.ts'
import { resumeSubscriptionUseCase } from '../subscriptions/resume-subscription.ts'
import { updateSubscriptionUseCase } from '../subscriptions/update-subscription.ts'
import type { OperationKind, OperationRow } from './operation.ts'
import { resume } from './run.ts'
import type { Performed, UseCase } from './use-case.ts'

type Resume = (deps: Deps, operation: OperationRow) => Promise<Performed<Json>>

const resumeWith =
  <Input, Q extends Query, View extends Json>(useCase: UseCase<Input, Q, View>): Resume =>
  (deps, operation) =>
    resume(deps, useCase, operation)

/** How each kind of operation is gone on with; a new use case does not compile until it stands here. */
export const resumeOf: Readonly<Record<OperationKind, Resume>> = {
  'customer.create': resumeWith(createCustomerUseCase),
  'customer.delete': resumeWith(deleteCustomerUseCase),
  'payment.create': resumeWith(createPaymentUseCase),
  'payment.confirm': resumeWith(confirmPaymentUseCase),
  'payment.capture': resumeWith(capturePaymentUseCase),
  'payment.cancel': resumeWith(cancelPaymentUseCase),
  'refund.create': resumeWith(createRefundUseCase),
  'payment_method.attach': resumeWith(attachPaymentMethodUseCase),
  'payment_method.detach': resumeWith(detachPaymentMethodUseCase),
  'payment_method.set_default': resumeWith(setDefaultPaymentMethodUseCase),
  'payment_method.set_up': resumeWith(setUpPaymentMethodUseCase),
  'subscription.create': resumeWith(createSubscriptionUseCase),
  'subscription.update': resumeWith(updateSubscriptionUseCase),
  'subscription.resume': resumeWith(resumeSubscriptionUseCase),
  'subscription.cancel': resumeWith(cancelSubscriptionUseCase),
  'checkout_session.create': resumeWith(createCheckoutSessionUseCase),
  'billing_portal_session.create': resumeWith(createBillingPortalSessionUseCase),
}
