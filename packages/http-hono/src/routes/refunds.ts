import { list, operation, read } from '../endpoint.ts'
import { paymentPath } from '../wire/payment.ts'
import { createRefundBody, presentRefund, refund, refundPage, refundPath } from '../wire/refund.ts'

const tag = 'Refunds'

export const create = operation({
  name: 'createRefund',
  tag,
  summary: 'Refund a payment, wholly or in part',
  body: createRefundBody,
  status: 201,
  answer: refund,
  problems: [
    'payment_not_found',
    'payment_not_refundable',
    'refund_exceeds_captured',
    'gateway_refused',
    'idempotency_key_missing',
  ],
  perform: ({ refunds }, input, caller) => refunds.create(input, caller),
  present: presentRefund,
})

export const get = read({
  name: 'getRefund',
  tag,
  summary: 'Read a refund',
  path: refundPath,
  notFound: 'refund_not_found',
  answer: refund,
  get: ({ refunds }, id, actor) => refunds.get(id, actor),
  present: presentRefund,
})

export const listOfPayment = list({
  name: 'listRefunds',
  tag,
  summary: 'List the refunds of a payment',
  path: paymentPath,
  notFound: 'payment_not_found',
  answer: refundPage,
  page: ({ refunds }, { id, ...place }, actor) => refunds.list({ transactionId: id, ...place }, actor),
  present: presentRefund,
})
