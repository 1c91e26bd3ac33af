import { createdWithin, pageOf } from '../engine/page.ts'
import { choice, createdFilter, object, pageShape, required, text, unsupported } from '../engine/params.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invoicePayments } from './invoice-payment.ts'

/** The ties between invoices and their PaymentIntents. */
export const invoicePaymentSlice: Slice = {
  name: 'invoice-payments',
  collections: [invoicePayments],
  routes: [
    route({
      method: 'GET',
      path: '/v1/invoice_payments/:id',
      params: {},
      handler: (context, _, id) => context.inPath(invoicePayments, id, 'invoice_payment'),
    }),
    route({
      method: 'GET',
      path: '/v1/invoice_payments',
      params: {
        ...pageShape,
        created: createdFilter(),
        invoice: text(),
        payment: object({
          payment_intent: text(),
          payment_record: unsupported(),
          type: required(choice('payment_intent', 'payment_record')),
        }),
        status: choice('canceled', 'open', 'paid'),
      },
      handler: (context, params) =>
        pageOf(context, invoicePayments, {
          params,
          url: '/v1/invoice_payments',
          keep: (row) =>
            createdWithin(params.created, row.created) &&
            (params.invoice === undefined || row.invoice === params.invoice) &&
            (params.status === undefined || row.status === params.status) &&
            (params.payment === undefined || row.payment.type === params.payment.type) &&
            (params.payment?.payment_intent === undefined ||
              row.payment.payment_intent === params.payment.payment_intent),
        }),
    }),
  ],
}
