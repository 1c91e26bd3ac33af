import type Stripe from 'stripe'
import { addressParam, shippingParam, toAddress } from '../engine/address.ts'
import type { Context } from '../engine/context.ts'
import { definedOnly } from '../engine/defined-only.ts'
import { mergeMetadata, metadataParam } from '../engine/metadata.ts'
import {
  choice,
  clearable,
  integer,
  list,
  object,
  type Param,
  type ParamsOf,
  required,
  text,
  unsupported,
} from '../engine/params.ts'
import { invalidParam, invalidRequest } from '../engine/stripe-failure.ts'
import { isTestMethod, paymentMethods } from '../payment-methods/payment-method.ts'
import type { StoredCustomer } from './customer.ts'

const email = (): Param<string, false> => ({
  required: false,
  read(value, name) {
    const address = text({ max: 512 }).read(value, name)
    if (!/^[^\s@]+@[^\s@]+$/.test(address))
      throw invalidParam(`Invalid email address: ${address}`, name, 'email_invalid')
    return address
  },
})

/** What creating and updating a customer share. */
export const customerShape = {
  address: clearable(addressParam()),
  balance: integer(),
  business_name: clearable(text({ max: 150 })),
  cash_balance: unsupported(),
  description: clearable(text()),
  email: clearable(email()),
  individual_name: clearable(text({ max: 150 })),
  invoice_prefix: clearable(text({ max: 12 })),
  invoice_settings: object({
    custom_fields: clearable(
      list(object({ name: required(text({ max: 40 })), value: required(text({ max: 140 })) }), { max: 4 }),
    ),
    default_payment_method: clearable(text()),
    footer: clearable(text()),
    rendering_options: clearable(
      object({
        amount_tax_display: clearable(choice('exclude_tax', 'include_inclusive_tax')),
        template: clearable(text()),
      }),
    ),
  }),
  metadata: metadataParam(),
  name: clearable(text({ max: 256 })),
  next_invoice_sequence: integer({ min: 1 }),
  phone: clearable(text({ max: 20 })),
  preferred_locales: list(text()),
  shipping: clearable(shippingParam()),
  source: unsupported(),
  tax: unsupported(),
  tax_exempt: clearable(choice('exempt', 'none', 'reverse')),
  validate: unsupported(),
}

type CustomerParams = ParamsOf<typeof customerShape>

/** Applies what was sent to a customer, which is new or stored. */
export function applyCustomerParams(
  context: Context,
  customer: StoredCustomer,
  params: CustomerParams,
): StoredCustomer {
  const { address, shipping, metadata, invoice_settings: settings, preferred_locales: locales, ...rest } = params
  const { business_name: business, individual_name: individual, tax_exempt: exempt } = rest
  return {
    ...customer,
    ...definedOnly({
      balance: rest.balance,
      description: rest.description,
      email: rest.email,
      invoice_prefix: rest.invoice_prefix,
      name: rest.name,
      next_invoice_sequence: rest.next_invoice_sequence,
      phone: rest.phone,
      address: address && toAddress(address),
      shipping: shipping && toShipping(shipping),
      preferred_locales: locales && [...locales],
    }),
    ...(typeof business === 'string' ? { business_name: business } : {}),
    ...(typeof individual === 'string' ? { individual_name: individual } : {}),
    ...(exempt === undefined ? {} : { tax_exempt: exempt ?? 'none' }),
    ...(settings === undefined ? {} : { invoice_settings: applySettings(context, customer, settings) }),
    metadata: mergeMetadata(customer.metadata, metadata),
  }
}

function toShipping(sent: NonNullable<CustomerParams['shipping']>): Stripe.Customer.Shipping {
  const { address, name, phone = null, ...rest } = sent
  return { address: toAddress(address), name, phone, ...rest }
}

function applySettings(
  context: Context,
  customer: StoredCustomer,
  sent: NonNullable<CustomerParams['invoice_settings']>,
): Stripe.Customer.InvoiceSettings {
  const method = sent.default_payment_method
  if (typeof method === 'string')
    requireAttached(context, method, customer.id, 'invoice_settings[default_payment_method]')
  const rendering = sent.rendering_options
  return {
    ...customer.invoice_settings,
    ...(sent.custom_fields === undefined ? {} : { custom_fields: sent.custom_fields && [...sent.custom_fields] }),
    ...(method === undefined ? {} : { default_payment_method: method }),
    ...(sent.footer === undefined ? {} : { footer: sent.footer }),
    ...(rendering === undefined
      ? {}
      : {
          rendering_options: rendering && {
            amount_tax_display: rendering.amount_tax_display ?? null,
            template: rendering.template ?? null,
          },
        }),
  }
}

/** A payment method that is to stay in use must belong to the customer. A test id names a new one, so it never does. */
export function requireAttached(context: Context, method: string, customer: string, param: string): void {
  if (!isTestMethod(method) && context.inParam(paymentMethods, method, param).customer === customer) return
  throw invalidRequest(
    `The customer does not have a payment method with the ID ${method}. The payment method must be attached to the customer.`,
    { param },
  )
}
