import { type Columns, identity, observations } from './column.ts'

/** The columns of `refunds`. */
export const refundColumns: Columns<'refunds'> = {
  ...identity,
  ...observations,
  userId: ['user_id', 'text'],
  paymentId: ['payment_id', 'text'],
  paymentGatewayId: ['payment_gateway_id', 'text'],
  gatewayId: ['gateway_id', 'text'],
  amount: ['amount', 'bigint'],
  currency: ['currency', 'text'],
  status: ['status', 'text'],
  gatewayStatus: ['gateway_status', 'text'],
  reason: ['reason', 'text'],
  failureReason: ['failure_reason', 'text'],
  gatewayCreated: ['gateway_created', 'bigint'],
}
