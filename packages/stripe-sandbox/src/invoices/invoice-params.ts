import { metadataParam } from '../engine/metadata.ts'
import {
  choice,
  choiceBut,
  clearable,
  flag,
  list,
  object,
  required,
  text,
  timestamp,
  unsupported,
} from '../engine/params.ts'
import { currencyParam } from '../prices/price-params.ts'
import { discountList } from '../subscriptions/subscription-params.ts'

/** What creating and updating an invoice share. */
const sharedShape = {
  account_tax_ids: unsupported(),
  application_fee_amount: unsupported(),
  auto_advance: flag(),
  automatic_tax: unsupported(),
  automatically_finalizes_at: timestamp(),
  collection_method: choiceBut(['charge_automatically'], ['send_invoice']),
  custom_fields: clearable(
    list(object({ name: required(text({ max: 40 })), value: required(text({ max: 140 })) }), { max: 4 }),
  ),
  days_until_due: unsupported(),
  default_payment_method: text(),
  default_source: unsupported(),
  default_tax_rates: unsupported(),
  description: text({ max: 1500 }),
  discounts: discountList(),
  due_date: unsupported(),
  effective_at: unsupported(),
  footer: text(),
  issuer: unsupported(),
  metadata: metadataParam(),
  number: text({ max: 26 }),
  on_behalf_of: unsupported(),
  payment_settings: unsupported(),
  rendering: unsupported(),
  shipping_cost: unsupported(),
  shipping_details: unsupported(),
  statement_descriptor: text({ max: 22 }),
  transfer_data: unsupported(),
}

export const createInvoiceShape = {
  ...sharedShape,
  currency: currencyParam(),
  customer: required(text()),
  customer_account: unsupported(),
  from_invoice: unsupported(),
  pending_invoice_items_behavior: choice('exclude', 'include'),
  subscription: text(),
}

export const updateInvoiceShape = sharedShape
