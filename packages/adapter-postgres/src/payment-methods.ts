import { type Columns, identity, observations } from './column.ts'

/** The columns of `payment_methods`. */
export const paymentMethodColumns: Columns<'payment_methods'> = {
  ...identity,
  ...observations,
  userId: ['user_id', 'text'],
  gatewayId: ['gateway_id', 'text'],
  customerId: ['customer_id', 'text'],
  status: ['status', 'text'],
  type: ['type', 'text'],
  card: ['card', 'text'],
}
