import { type Columns, identity, observations } from './column.ts'

/** The columns of `transactions`. */
export const paymentColumns: Columns<'transactions'> = {
  ...identity,
  ...observations,
  userId: ['user_id', 'text'],
  customerId: ['customer_id', 'text'],
  gatewayId: ['gateway_id', 'text'],
  amount: ['amount', 'bigint'],
  currency: ['currency', 'text'],
  status: ['status', 'text'],
  gatewayStatus: ['gateway_status', 'text'],
  amountCapturable: ['amount_capturable', 'bigint'],
  amountCaptured: ['amount_captured', 'bigint'],
  amountRefunded: ['amount_refunded', 'bigint'],
  captureMethod: ['capture_method', 'text'],
  paymentMethod: ['payment_method', 'text'],
  failure: ['failure', 'text'],
  nextAction: ['next_action', 'text'],
  chargeId: ['charge_id', 'text'],
  chargeRefunded: ['charge_refunded', 'bigint'],
  description: ['description', 'text'],
  reference: ['reference', 'text'],
  duplicateOf: ['duplicate_of', 'text'],
  metadata: ['metadata', 'text'],
  clientSecret: ['client_secret', 'text'],
}
