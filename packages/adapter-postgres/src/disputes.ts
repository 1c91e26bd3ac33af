import { type Columns, identity, observations } from './column.ts'

/** The columns of `disputes`. */
export const disputeColumns: Columns<'disputes'> = {
  ...identity,
  ...observations,
  userId: ['user_id', 'text'],
  paymentId: ['payment_id', 'text'],
  paymentGatewayId: ['payment_gateway_id', 'text'],
  gatewayId: ['gateway_id', 'text'],
  amount: ['amount', 'bigint'],
  currency: ['currency', 'text'],
  status: ['status', 'text'],
  reason: ['reason', 'text'],
  evidenceDueBy: ['evidence_due_by', 'timestamptz'],
}
