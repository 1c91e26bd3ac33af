import { type Columns, identity, observations } from './column.ts'

/** The columns of `subscriptions`. */
export const subscriptionColumns: Columns<'subscriptions'> = {
  ...identity,
  ...observations,
  userId: ['user_id', 'text'],
  customerId: ['customer_id', 'text'],
  gatewayId: ['gateway_id', 'text'],
  status: ['status', 'text'],
  gatewayStatus: ['gateway_status', 'text'],
  items: ['items', 'jsonb'],
  trialStart: ['trial_start', 'timestamptz'],
  trialEnd: ['trial_end', 'timestamptz'],
  cancelAt: ['cancel_at', 'timestamptz'],
  cancelAtPeriodEnd: ['cancel_at_period_end', 'boolean'],
  canceledAt: ['canceled_at', 'timestamptz'],
  endedAt: ['ended_at', 'timestamptz'],
  latestInvoice: ['latest_invoice', 'text'],
  paymentMethod: ['payment_method', 'text'],
  metadata: ['metadata', 'text'],
  clientSecret: ['client_secret', 'text'],
}
