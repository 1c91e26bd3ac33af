import type Stripe from 'stripe'
import { liveCustomer } from '../customers/customer.ts'
import { addressParam, toAddress } from '../engine/address.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import { pageOf } from '../engine/page.ts'
import {
  allUnsupported,
  choice,
  clearable,
  integer,
  object,
  type ParamsOf,
  pageShape,
  required,
  text,
  unsupported,
} from '../engine/params.ts'
import { changeAndEmit } from '../engine/previous-attributes.ts'
import { route, type Slice } from '../engine/slice.ts'
import { invalidParam, invalidRequest } from '../engine/stripe-failure.ts'
import { attachPaymentMethod } from './attach-payment-method.ts'
import { detachPaymentMethod } from './detach-payment-method.ts'
import { methodType, otherMethodTypes } from './method-types.ts'
import { cardFacts, isTestMethod, makePaymentMethod, paymentMethodInPath, paymentMethods } from './payment-method.ts'

const billingShape = {
  address: clearable(addressParam()),
  email: clearable(text({ max: 512 })),
  name: clearable(text()),
  phone: clearable(text()),
  tax_id: clearable(text()),
}
const redisplay = choice('always', 'limited', 'unspecified')

function mergeBilling(
  stored: Stripe.PaymentMethod.BillingDetails | undefined,
  sent: ParamsOf<typeof billingShape>,
): Stripe.PaymentMethod.BillingDetails {
  const { address, ...rest } = sent
  return {
    email: null,
    name: null,
    phone: null,
    tax_id: null,
    ...stored,
    ...rest,
    address: address === undefined ? (stored?.address ?? toAddress({})) : toAddress(address ?? {}),
  }
}

/** `tok_visa` is the same card as `pm_card_visa`. */
function cardToken(card: { readonly token?: string; readonly number?: string }): string {
  const token = card.token?.replace(/^tok_/, 'pm_card_')
  if (token !== undefined && isTestMethod(token)) return token
  if (token !== undefined) {
    throw invalidRequest(`No such token: '${card.token}'`, { code: 'resource_missing', param: 'card[token]' })
  }
  throw invalidParam(
    'Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that map to the test card you are using, see https://stripe.com/docs/testing.',
    'card[number]',
  )
}

/** Payment methods: cards only, made from test ids. */
export const paymentMethodSlice: Slice = {
  name: 'payment_methods',
  collections: [paymentMethods, cardFacts],
  routes: [
    route({
      method: 'POST',
      path: '/v1/payment_methods',
      publishable: true,
      params: {
        ...allUnsupported(otherMethodTypes),
        type: required(methodType()),
        card: required(
          object({
            token: text(),
            number: text(),
            exp_month: integer(),
            exp_year: integer(),
            cvc: text(),
            networks: unsupported(),
          }),
        ),
        billing_details: object(billingShape),
        metadata: metadataParam(),
        allow_redisplay: redisplay,
        customer: unsupported(),
        payment_method: unsupported(),
        radar_options: unsupported(),
      },
      handler: (context, { card, billing_details: billing, metadata, allow_redisplay: shown }) =>
        makePaymentMethod(context, cardToken(card), {
          ...(billing === undefined ? {} : { billing_details: mergeBilling(undefined, billing) }),
          ...(shown === undefined ? {} : { allow_redisplay: shown }),
          metadata: mergeMetadata({}, metadata),
        }),
    }),
    route({
      method: 'GET',
      path: '/v1/payment_methods/:id',
      params: {},
      handler: (context, _, id) => paymentMethodInPath(context, id),
    }),
    route({
      method: 'POST',
      path: '/v1/payment_methods/:id',
      params: {
        billing_details: object(billingShape),
        us_bank_account: unsupported(),
        card: object({
          exp_month: integer({ min: 1, max: 12 }),
          exp_year: integer({ min: 2000, max: 2100 }),
          networks: unsupported(),
        }),
        metadata: metadataParam(),
        allow_redisplay: redisplay,
      },
      handler(context, { billing_details: billing, card, metadata, allow_redisplay: shown }, id) {
        const before = context.inPath(paymentMethods, id, 'payment_method')
        if (before.customer === null) {
          throw invalidRequest('You must save this PaymentMethod to a customer before you can update it.', {
            code: 'payment_method_unexpected_state',
          })
        }
        return changeAndEmit(context, paymentMethods, {
          id,
          event: 'payment_method.updated',
          patch: {
            ...(billing === undefined ? {} : { billing_details: mergeBilling(before.billing_details, billing) }),
            ...(card === undefined ? {} : { card: { ...before.card, ...card } }),
            ...(shown === undefined ? {} : { allow_redisplay: shown }),
            metadata: mergeMetadata(before.metadata ?? {}, metadata),
          },
        })
      },
    }),
    route({
      method: 'POST',
      path: '/v1/payment_methods/:id/attach',
      params: { customer: required(text()), customer_account: unsupported() },
      locks: (_, { customer }, id) => (isTestMethod(id) ? [customer] : [id, customer]),
      handler(context, { customer }, id) {
        if (!isTestMethod(id)) context.inPath(paymentMethods, id, 'payment_method')
        return attachPaymentMethod(context, id, customer)
      },
    }),
    route({
      method: 'POST',
      path: '/v1/payment_methods/:id/detach',
      params: {},
      handler: (context, _, id) => detachPaymentMethod(context, id),
    }),
    route({
      method: 'GET',
      path: '/v1/payment_methods',
      params: {
        ...pageShape,
        customer: text(),
        type: text(),
        allow_redisplay: redisplay,
        customer_account: unsupported(),
      },
      handler(context, params) {
        const { customer, type, allow_redisplay: shown } = params
        if (customer !== undefined) liveCustomer(context, customer, 'customer')
        return pageOf(context, paymentMethods, {
          params,
          url: '/v1/payment_methods',
          keep: (method) =>
            method.customer !== null &&
            (customer === undefined || method.customer === customer) &&
            (type === undefined || method.type === type) &&
            (shown === undefined || method.allow_redisplay === shown),
        })
      },
    }),
  ],
}
