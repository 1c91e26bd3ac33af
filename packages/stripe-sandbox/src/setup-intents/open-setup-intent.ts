import type Stripe from 'stripe'
import type { Context } from '../engine/context.ts'
import type { Metadata } from '../engine/metadata.ts'
import { type StoredSetupIntent, setupIntents } from './setup-intent.ts'

/** What a new SetupIntent is made of. */
export interface NewSetupIntent {
  readonly customer: string | null
  readonly usage?: 'off_session' | 'on_session'
  readonly payment_method?: string | null
  readonly description?: string | null
  readonly metadata?: Metadata
  readonly automatic_payment_methods?: Stripe.SetupIntent.AutomaticPaymentMethods | null
  readonly allowed_payment_method_types?: readonly string[] | null
}

/** Makes a SetupIntent that waits for a payment method or a confirmation, and emits `setup_intent.created`. */
export function openSetupIntent(context: Context, input: NewSetupIntent): StoredSetupIntent {
  const id = context.newId('seti')
  const method = input.payment_method ?? null
  const allowed = input.allowed_payment_method_types ?? null
  const automatic = input.automatic_payment_methods ?? null
  const intent = context.store.put(setupIntents, {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: allowed && [...allowed],
    application: null,
    automatic_payment_methods: automatic,
    cancellation_reason: null,
    client_secret: `${id}_secret_${context.newCode('client_secret', 25)}`,
    created: context.now,
    customer: input.customer,
    customer_account: null,
    description: input.description ?? null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    managed_payments: null,
    mandate: null,
    metadata: input.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: method,
    payment_method_configuration_details: automatic?.enabled ? { id: 'pmc_florinsandboxdefault', parent: null } : null,
    payment_method_options: { card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' } },
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: method === null ? 'requires_payment_method' : 'requires_confirmation',
    usage: input.usage ?? 'off_session',
  })
  context.emit('setup_intent.created', intent)
  return intent
}
