import type Stripe from 'stripe'
import type { Context } from '../engine/context.ts'
import type { Metadata } from '../engine/metadata.ts'
import { paymentIntents, type StoredPaymentIntent } from './payment-intent.ts'

/** What a new PaymentIntent is made of. The payment method must be a stored one that its customer may use. */
export interface NewPaymentIntent {
  readonly amount: number
  readonly currency: string
  readonly customer: string | null
  readonly description?: string | null
  readonly metadata?: Metadata
  readonly payment_method?: string | null
  readonly capture_method?: 'automatic' | 'automatic_async' | 'manual'
  readonly setup_future_usage?: 'off_session' | 'on_session' | null
  readonly automatic_payment_methods?: Stripe.PaymentIntent.AutomaticPaymentMethods | null
  readonly allowed_payment_method_types?: readonly string[] | null
  readonly receipt_email?: string | null
  readonly shipping?: Stripe.PaymentIntent.Shipping | null
  readonly statement_descriptor?: string | null
  readonly statement_descriptor_suffix?: string | null
  readonly transfer_group?: string | null
}

/** Makes a PaymentIntent that waits for a payment method or a confirmation, and emits `payment_intent.created`. */
export function openPaymentIntent(context: Context, input: NewPaymentIntent): StoredPaymentIntent {
  const id = context.newId('pi')
  const method = input.payment_method ?? null
  const allowed = input.allowed_payment_method_types ?? null
  const automatic = input.automatic_payment_methods ?? null
  const intent = context.store.put(paymentIntents, {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: allowed && [...allowed],
    amount: input.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: automatic,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: input.capture_method ?? 'automatic_async',
    client_secret: `${id}_secret_${context.newCode('client_secret', 25)}`,
    confirmation_method: 'automatic',
    created: context.now,
    currency: input.currency,
    customer: input.customer,
    customer_account: null,
    description: input.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: input.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: method,
    payment_method_configuration_details: automatic?.enabled ? { id: 'pmc_florinsandboxdefault', parent: null } : null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: input.receipt_email ?? null,
    review: null,
    setup_future_usage: input.setup_future_usage ?? null,
    shipping: input.shipping ?? null,
    source: null,
    statement_descriptor: input.statement_descriptor ?? null,
    statement_descriptor_suffix: input.statement_descriptor_suffix ?? null,
    status: method === null ? 'requires_payment_method' : 'requires_confirmation',
    transfer_data: null,
    transfer_group: input.transfer_group ?? null,
  })
  context.emit('payment_intent.created', intent)
  return intent
}
