import type { Match, Registry } from './registry.ts'
import type { Route } from './slice.ts'
import { notImitated, StripeFailure } from './stripe-failure.ts'

/** What a request asks for. */
interface Asked {
  readonly method: string
  readonly path: string
}

// The first words of Stripe's paths, from the operations of stripe@23.1.0.
const stripesPaths = new Set(
  `v1/account v1/account_links v1/account_sessions v1/accounts v1/apple_pay v1/application_fees v1/apps v1/balance
  v1/balance_settings v1/balance_transactions v1/billing v1/billing_portal v1/charges v1/checkout v1/climate
  v1/confirmation_tokens v1/country_specs v1/coupons v1/credit_notes v1/customer_sessions v1/customers v1/disputes
  v1/entitlements v1/ephemeral_keys v1/events v1/exchange_rates v1/file_links v1/files v1/financial_connections
  v1/forwarding v1/identity v1/invoice_payments v1/invoice_rendering_templates v1/invoiceitems v1/invoices v1/issuing
  v1/mandates v1/payment_attempt_records v1/payment_intents v1/payment_links v1/payment_method_configurations
  v1/payment_method_domains v1/payment_methods v1/payment_records v1/payouts v1/plans v1/prices v1/product_catalog
  v1/products v1/promotion_codes v1/quotes v1/radar v1/refunds v1/reporting v1/reviews v1/setup_attempts
  v1/setup_intents v1/shipping_rates v1/sigma v1/sources v1/subscription_items v1/subscription_schedules
  v1/subscriptions v1/tax v1/tax_codes v1/tax_ids v1/tax_rates v1/terminal v1/test_helpers v1/three_d_secure v1/tokens
  v1/topups v1/transfers v1/treasury v1/webhook_endpoints v2/billing v2/commerce v2/core v2/money_management
  v2/test_helpers`.split(/\s+/),
)

// These look like an object with its id and are not.
const notAnId = new Set([
  ...['charges', 'customers', 'invoices', 'payment_intents', 'prices', 'products', 'subscriptions'].map(
    (name) => `GET /v1/${name}/search`,
  ),
  'POST /v1/invoices/create_preview',
])

/** The route of a request. Without one, the failure says whose it is: Stripe has no such URL, or the sandbox has not. */
export function findRoute(registry: Registry, asked: Asked): Match<Route> {
  const { method, path } = asked
  const match = registry.matchRoute(method, path)
  const misread = notAnId.has(`${method} ${path}`) && match?.route.path !== path
  if (match !== undefined && !misread) return match
  throw stripesPaths.has(path.split('/').slice(1, 3).join('/')) ? notImitated(`${method} ${path}`) : unknownUrl(asked)
}

/** Refuses to act for another account: the sandbox has one, and would do in it what was meant for the other. */
export function refuseOtherAccount(header: (name: string) => string | null): void {
  for (const name of ['Stripe-Account', 'Stripe-Context']) {
    if (header(name) !== null) throw notImitated(`the header ${name}: it has one account only`)
  }
}

const unknownUrl = ({ method, path }: Asked): StripeFailure =>
  new StripeFailure(
    404,
    {
      type: 'invalid_request_error',
      message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
    },
    { saved: false },
  )
