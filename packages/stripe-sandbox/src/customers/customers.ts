import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { createdWithin, pageOf } from '../engine/page.ts'
import { choice, createdFilter, type ParamsOf, pageShape, text, unsupported } from '../engine/params.ts'
import { changedFrom } from '../engine/previous-attributes.ts'
import { route, type Slice } from '../engine/slice.ts'
import { resourceMissing } from '../engine/stripe-failure.ts'
import { attachPaymentMethod } from '../payment-methods/attach-payment-method.ts'
import { forgetPaymentMethod } from '../payment-methods/detach-payment-method.ts'
import { paymentMethods } from '../payment-methods/payment-method.ts'
import { type CustomerRow, customers, isLive, liveCustomerInPath, type StoredCustomer } from './customer.ts'
import { applyCustomerParams, customerShape } from './customer-params.ts'

const newCustomer = (context: Context): StoredCustomer => ({
  id: context.newId('cus', 14),
  object: 'customer',
  address: null,
  balance: 0,
  created: context.now,
  currency: null,
  customer_account: null,
  default_source: null,
  delinquent: false,
  description: null,
  discount: null,
  email: null,
  invoice_prefix: context.newCode('invoice_prefix', 8).toUpperCase(),
  invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
  livemode: false,
  metadata: {},
  name: null,
  next_invoice_sequence: 1,
  phone: null,
  preferred_locales: [],
  shipping: null,
  tax_exempt: 'none',
  test_clock: null,
})

const createShape = {
  ...customerShape,
  payment_method: text(),
  tax_id_data: unsupported(),
  test_clock: unsupported(),
}

/** A test id given twice, as the method to save and as the default, means the one card that is saved. */
function createCustomer(
  context: Context,
  { payment_method: method, invoice_settings: settings, ...params }: ParamsOf<typeof createShape>,
): StoredCustomer {
  const created = applyCustomerParams(context, newCustomer(context), params)
  context.store.put(customers, created)
  const saved = method === undefined ? undefined : attachPaymentMethod(context, method, created.id)
  const named = saved !== undefined && settings?.default_payment_method === method
  const default_payment_method = named ? saved.id : settings?.default_payment_method
  // The default must be attached already, so it is looked at last.
  const chosen = settings && { ...settings, ...definedOnly({ default_payment_method }) }
  const customer = applyCustomerParams(context, created, definedOnly({ invoice_settings: chosen }))
  context.store.put(customers, customer)
  context.emit('customer.created', customer)
  return customer
}

/** Cards go first, then the customer; what belongs to it elsewhere follows from the event. */
function deleteCustomer(context: Context, id: string): CustomerRow {
  const customer = liveCustomerInPath(context, id)
  for (const method of context.store.all(paymentMethods)) {
    if (method.customer === id) forgetPaymentMethod(context, method)
  }
  const deleted = context.store.put(customers, { id, object: 'customer', deleted: true })
  context.emit('customer.deleted', customer)
  return deleted
}

const redisplay = choice('always', 'limited', 'unspecified')

/** Customers, and their saved payment methods. */
export const customerSlice: Slice = {
  name: 'customers',
  collections: [customers],
  routes: [
    route({
      method: 'POST',
      path: '/v1/customers',
      params: createShape,
      handler: (context, params) => createCustomer(context, params),
    }),
    route({
      method: 'GET',
      path: '/v1/customers/:id',
      params: {},
      handler: (context, _, id) => context.inPath(customers, id),
    }),
    route({
      method: 'POST',
      path: '/v1/customers/:id',
      params: { ...customerShape, default_source: unsupported() },
      handler(context, params, id) {
        const before = liveCustomerInPath(context, id)
        const after = applyCustomerParams(context, before, params)
        context.store.put(customers, after)
        const previous = changedFrom(before, after)
        if (Object.keys(previous).length > 0) context.emit('customer.updated', after, previous)
        return after
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/customers/:id',
      params: {},
      handler: (context, _, id) => deleteCustomer(context, id),
    }),
    route({
      method: 'GET',
      path: '/v1/customers',
      params: { ...pageShape, created: createdFilter(), email: text(), test_clock: unsupported() },
      handler: (context, params) =>
        pageOf(context, customers, {
          params,
          url: '/v1/customers',
          keep: (row) =>
            isLive(row) &&
            createdWithin(params.created, row.created) &&
            (params.email === undefined || row.email === params.email),
        }),
    }),
    route({
      method: 'GET',
      path: '/v1/customers/:id/payment_methods',
      params: { ...pageShape, type: text(), allow_redisplay: redisplay },
      handler(context, params, id) {
        liveCustomerInPath(context, id, 'customer')
        return pageOf(context, paymentMethods, {
          params,
          url: `/v1/customers/${id}/payment_methods`,
          keep: (method) =>
            method.customer === id &&
            (params.type === undefined || method.type === params.type) &&
            (params.allow_redisplay === undefined || method.allow_redisplay === params.allow_redisplay),
        })
      },
    }),
    route({
      method: 'GET',
      path: '/v1/customers/:id/payment_methods/:method',
      params: {},
      handler(context, _, id, methodId) {
        liveCustomerInPath(context, id, 'customer')
        const method = context.inPath(paymentMethods, methodId, 'payment_method')
        if (method.customer === id) return method
        throw resourceMissing('PaymentMethod', methodId, { path: 'payment_method' })
      },
    }),
  ],
  expansions: {
    customer: {
      sources: (_, id) => ({ object: 'list', data: [], has_more: false, url: `/v1/customers/${id}/sources` }),
      tax_ids: (_, id) => ({ object: 'list', data: [], has_more: false, url: `/v1/customers/${id}/tax_ids` }),
    },
  },
}
