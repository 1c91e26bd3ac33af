import { freeClaim } from '../debts/claim-debt.ts'
import type { RefusedError } from '../errors.ts'
import { putRow, type RowSet, rowWithId } from '../observations/row-set.ts'
import type { OperationRow } from '../operations/operation.ts'
import { failureOf, rejectionError } from '../operations/rejection.ts'
import type { Settled, Settling } from '../operations/use-case.ts'
import { secondsOf, type Timestamp } from '../time.ts'
import { type PaymentFailure, type PaymentRow, toPayment } from './payment.ts'

/** The payment that an operation made or changes. */
export function paymentOf(rows: RowSet, { objectId }: OperationRow): PaymentRow {
  return rowWithId(rows, 'transactions', objectId)
}

/** What a payment's step comes to: shown as it is now, or refused. A decline shows in the payment itself. */
export function settlePayment<Input, View>(
  { answer, rows, operation, now }: Settling<Input>,
  whenState: RefusedError['code'],
  {
    unmade = (payment) => payment,
    alreadySo = () => false,
    show,
  }: {
    unmade?: (payment: PaymentRow, failure: PaymentFailure) => PaymentRow
    /** Whether the payment is as was asked for, by an earlier send of this very call or from elsewhere. */
    alreadySo?: (payment: PaymentRow) => boolean
    show: (rows: RowSet) => View
  },
): Settled<View> {
  if (answer.outcome === 'accepted') return { rows, done: show(rows) }
  const payment = paymentOf(rows, operation)
  if (answer.outcome === 'rejected' && alreadySo(payment)) return { rows, done: show(rows) }
  const after = payment.gatewayId === null ? ended(rows, unmade(payment, failureOf(answer)), now) : { rows }
  if (answer.outcome === 'declined') return { ...after, done: show(after.rows) }
  return { ...after, refused: rejectionError(answer.rejection, whenState) }
}

/** What was never made will not be paid, so others may pay its debt. */
function ended(rows: RowSet, payment: PaymentRow, now: Timestamp): Pick<Settled<never>, 'rows' | 'facts'> {
  const put = putRow(rows, 'transactions', payment)
  if (payment.status !== 'canceled') return { rows: put }
  const { id: objectId, currency } = payment
  const data = toPayment(payment, { withSecret: false })
  const told = { objectId, discriminator: 'canceled', stamp: secondsOf(now), data, currency }
  return { rows: freeClaim(put, payment, now), facts: [{ type: 'payment.canceled', ...told }] }
}
