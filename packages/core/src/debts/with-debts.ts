import { userOf } from '../customers/observe-customer.ts'
import type { Deps } from '../deps.ts'
import { rowOf } from '../observations/object-kinds.ts'
import type { Observation } from '../observations/observation.ts'
import { findRow, putRow, type RowSet } from '../observations/row-set.ts'
import { paymentNamed } from '../payments/observe-payment.ts'
import type { PaymentObservation } from '../payments/payment.ts'
import { one } from '../ports/storage.ts'
import type { RefundObservation } from '../refunds/refund.ts'
import { timestamp } from '../time.ts'
import { debtId, freeDebt } from './debt.ts'

/**
 * The rows with the debts that observations of payments and refunds concern. Which debt that is may only be known once
 * the payment is; those that are missing are read now, in one more round trip. Payments without a reference need none.
 *
 * A debt that is not stored yet is there as a free one: so folding can tell it from one that nobody looked for.
 *
 * @throws `unavailable` storage_unavailable
 */
export async function withDebts(
  { storage, runtime }: Pick<Deps, 'storage' | 'runtime'>,
  rows: RowSet,
  observations: readonly Observation[],
): Promise<RowSet> {
  const wanted = new Map(observations.flatMap((observation) => debtsOf(rows, observation)))
  const missing = [...wanted].filter(([id]) => !findRow(rows, 'debts', (debt) => debt.id === id))
  if (missing.length === 0) return rows
  // Named by their places: a storage makes a statement for each set of names.
  const query = Object.fromEntries(missing.map(([id], index) => [`debt${index}`, one('debts', { id })]))
  const found = await storage.load(query)
  const now = timestamp(runtime.now())
  return missing.reduce(
    (set, [, { userId, reference }], index) =>
      putRow(set, 'debts', found[`debt${index}`] ?? freeDebt(userId, reference, now)),
    rows,
  )
}

interface Owed {
  readonly userId: string
  readonly reference: string
}

type Wanted = readonly (readonly [id: string, owed: Owed])[]

function debtsOf(rows: RowSet, observation: Observation): Wanted {
  if (observation.object === 'payment') return ofPayment(rows, observation)
  return observation.object === 'refund' ? ofRefund(rows, observation) : []
}

function ofPayment(rows: RowSet, told: PaymentObservation): Wanted {
  const known = rowOf(rows, 'transactions', told)
  const userId = known?.userId ?? userOf(rows, told.customerId) ?? told.userId ?? null
  return owed(userId, known?.reference ?? told.reference ?? null)
}

/** Refunds only matter to the debt of a duplicate. */
function ofRefund(rows: RowSet, { paymentGatewayId }: RefundObservation): Wanted {
  const payment = paymentNamed(rows, paymentGatewayId)
  return payment && payment.duplicateOf !== null ? owed(payment.userId, payment.reference) : []
}

const owed = (userId: string | null, reference: string | null): Wanted =>
  userId === null || reference === null ? [] : [[debtId(userId, reference), { userId, reference }]]
