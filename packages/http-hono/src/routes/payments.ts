import type { Payment } from '@florin/core'
import { type Declined, list, operation, read } from '../endpoint.ts'
import { userPath } from '../wire/common.ts'
import {
  cancelPaymentBody,
  capturePaymentBody,
  confirmPaymentBody,
  createPaymentBody,
  payment,
  paymentPage,
  paymentPath,
  presentPayment,
} from '../wire/payment.ts'

const tag = 'Payments'
const one = { tag, path: paymentPath, notFound: 'payment_not_found', present: presentPayment } as const

const declined = (it: Payment): Declined | undefined =>
  it.status === 'failed'
    ? {
        code: it.failure?.code ?? 'card_declined',
        detail: it.failure?.message ?? 'The payment was declined.',
        fields: { decline_code: it.failure?.declineCode ?? null, payment: presentPayment(it) },
      }
    : undefined

export const create = operation({
  name: 'createPayment',
  tag,
  summary: 'Take a payment',
  description:
    'A decline is answered as 402 with the payment in it; it is final for its Idempotency-Key: try another card with ' +
    '`/confirm`. Without a `payment_method` the payment waits for Stripe Elements, with a `client_secret`.',
  body: createPaymentBody,
  status: 201,
  answer: payment,
  problems: [
    ...(['payment_method_not_found', 'payment_method_unusable', 'reference_already_claimed'] as const),
    ...(['gateway_refused', 'idempotency_key_missing'] as const),
  ],
  perform: ({ payments }, input, caller) => payments.create(input, caller),
  present: presentPayment,
  declined,
})

export const get = read({
  ...one,
  name: 'getPayment',
  summary: 'Read a payment',
  answer: payment,
  get: ({ payments }, id, actor) => payments.get(id, actor),
})

export const listOfUser = list({
  name: 'listPayments',
  tag,
  summary: "List a user's payments",
  path: userPath,
  answer: paymentPage,
  page: ({ payments }, input, actor) => payments.list(input, actor),
  present: presentPayment,
})

export const confirm = operation({
  ...one,
  name: 'confirmPayment',
  summary: 'Try a payment again',
  description: 'With another card or the same one, on the same PaymentIntent: never a second charge.',
  body: confirmPaymentBody,
  status: 200,
  answer: payment,
  problems: [
    ...(['payment_not_confirmable', 'payment_method_not_found', 'payment_method_unusable'] as const),
    ...(['reference_already_claimed', 'gateway_refused'] as const),
  ],
  perform: ({ payments }, input, caller) => payments.confirm(input, caller),
  declined,
})

export const capture = operation({
  ...one,
  name: 'capturePayment',
  summary: 'Capture an authorised payment',
  body: capturePaymentBody,
  bodyOptional: true,
  status: 200,
  answer: payment,
  problems: ['payment_not_capturable', 'capture_exceeds_authorized', 'gateway_refused'],
  perform: ({ payments }, input, caller) => payments.capture(input, caller),
})

export const cancel = operation({
  ...one,
  name: 'cancelPayment',
  summary: 'Cancel a payment that has not succeeded',
  description: 'An authorisation is released. One that is canceled already is answered as it is.',
  body: cancelPaymentBody,
  bodyOptional: true,
  status: 200,
  answer: payment,
  problems: ['payment_not_cancelable', 'gateway_refused'],
  perform: ({ payments }, input, caller) => payments.cancel(input, caller),
})
