import { list, read } from '../endpoint.ts'
import { userPath } from '../wire/common.ts'
import { invoice, invoicePage, invoicePath, presentInvoice } from '../wire/invoice.ts'
import { subscriptionInvoicesPath } from '../wire/subscription.ts'

const tag = 'Invoices'

export const get = read({
  name: 'getInvoice',
  tag,
  summary: 'Read an invoice',
  path: invoicePath,
  notFound: 'invoice_not_found',
  answer: invoice,
  get: ({ invoices }, id, actor) => invoices.get(id, actor),
  present: presentInvoice,
})

export const listOfUser = list({
  name: 'listInvoices',
  tag,
  summary: "List a user's invoices",
  path: userPath,
  answer: invoicePage,
  page: ({ invoices }, input, actor) => invoices.list(input, actor),
  present: presentInvoice,
})

export const listOfSubscription = list({
  name: 'listSubscriptionInvoices',
  tag,
  summary: 'List the invoices of a subscription',
  path: subscriptionInvoicesPath,
  notFound: 'subscription_not_found',
  answer: invoicePage,
  page: ({ invoices }, input, actor) => invoices.listBySubscription(input, actor),
  present: presentInvoice,
})
