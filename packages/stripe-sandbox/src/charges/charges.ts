import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { createdWithin, pageOf, pageOfRows } from '../engine/page.ts'
import { clearable, createdFilter, pageShape, text, unsupported } from '../engine/params.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { route, type Slice } from '../engine/slice.ts'
import { behaviourOf } from '../payment-methods/payment-method.ts'
import { refunds } from '../refunds/refund.ts'
import { balanceTransactions } from './balance-transaction.ts'
import { bookCharge, charges, settleChargeTask } from './charge.ts'

/** Charges, which only PaymentIntents make, and the bookings behind them. */
export const chargeSlice: Slice = {
  name: 'charges',
  collections: [charges, balanceTransactions],
  routes: [
    route({
      method: 'GET',
      path: '/v1/charges/:id',
      params: {},
      handler: (context, _, id) => context.inPath(charges, id),
    }),
    route({
      method: 'POST',
      path: '/v1/charges/:id',
      params: {
        description: clearable(text()),
        metadata: metadataParam(),
        receipt_email: clearable(text()),
        transfer_group: clearable(text()),
        customer: unsupported(),
        fraud_details: unsupported(),
        shipping: unsupported(),
      },
      handler(context, { metadata, ...fields }, id) {
        const charge = context.inPath(charges, id)
        const patch = { ...definedOnly(fields), metadata: mergeMetadata(charge.metadata, metadata) }
        return changeAndEmit(context, charges, { id, patch, event: 'charge.updated' })
      },
    }),
    route({
      method: 'GET',
      path: '/v1/charges',
      params: {
        ...pageShape,
        created: createdFilter(),
        customer: text(),
        payment_intent: text(),
        transfer_group: text(),
      },
      handler: (context, params) =>
        pageOf(context, charges, {
          params,
          url: '/v1/charges',
          keep: (charge) =>
            createdWithin(params.created, charge.created) &&
            (params.customer === undefined || charge.customer === params.customer) &&
            (params.payment_intent === undefined || charge.payment_intent === params.payment_intent) &&
            (params.transfer_group === undefined || charge.transfer_group === params.transfer_group),
        }),
    }),
    route({
      method: 'GET',
      path: '/v1/balance_transactions/:id',
      params: {},
      handler: (context, _, id) => context.inPath(balanceTransactions, id),
    }),
  ],
  tasks: {
    [settleChargeTask](context, { id }) {
      const charge = context.store.find(charges, id)
      if (charge === undefined || charge.balance_transaction !== null) return
      const available = charge.payment_method !== null && behaviourOf(context, charge.payment_method).card.bypassPending
      context.emit('charge.updated', bookCharge(context, charge, available === true), { balance_transaction: null })
    },
  },
  expansions: {
    charge: {
      refunds: (context, id) =>
        pageOfRows(context.store.all(refunds).reverse(), {
          params: {},
          url: `/v1/charges/${id}/refunds`,
          keep: (refund) => refund.charge === id,
        }),
    },
  },
}
