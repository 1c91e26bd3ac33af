import { list, read } from '../endpoint.ts'
import { dispute, disputePage, disputePath, presentDispute } from '../wire/dispute.ts'
import { paymentPath } from '../wire/payment.ts'

const tag = 'Disputes'

export const get = read({
  name: 'getDispute',
  tag,
  summary: 'Read a dispute',
  path: disputePath,
  notFound: 'dispute_not_found',
  answer: dispute,
  get: ({ disputes }, id, actor) => disputes.get(id, actor),
  present: presentDispute,
})

export const listOfPayment = list({
  name: 'listDisputes',
  tag,
  summary: 'List the disputes of a payment',
  path: paymentPath,
  notFound: 'payment_not_found',
  answer: disputePage,
  page: ({ disputes }, { id, ...place }, actor) => disputes.list({ transactionId: id, ...place }, actor),
  present: presentDispute,
})
