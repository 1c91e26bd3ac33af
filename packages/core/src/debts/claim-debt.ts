import { RefusedError } from '../errors.ts'
import { findRow, putRow, type RowSet } from '../observations/row-set.ts'
import type { PaymentRow, PaymentStatus } from '../payments/payment.ts'
import type { Timestamp } from '../time.ts'
import { type DebtRow, debtIdOf } from './debt.ts'

type Claimant = Pick<PaymentRow, 'id' | 'amount' | 'currency'>

/**
 * The debt, with the claim to pay it given to a payment.
 *
 * @throws `refused` reference_already_claimed with the id of the payment that has it, or that paid already
 */
export function claimed(debt: DebtRow, payment: Claimant, now: Timestamp): DebtRow {
  const other = otherClaimant(debt, payment.id)
  if (other !== undefined) throw alreadyClaimed(debt, other)
  return debt.holder === payment.id ? debt : taken(debt, payment, now)
}

/** Another payment that has the claim, or that succeeded although it had not. */
function otherClaimant({ holder, duplicates }: DebtRow, paymentId: string): string | undefined {
  if (holder !== null && holder !== paymentId) return holder
  return duplicates.find((id) => id !== paymentId)
}

/** The refusal of another attempt to pay the same debt. */
export function alreadyClaimed({ reference }: DebtRow, objectId: string): RefusedError {
  const message = `${reference} is paid or being paid by ${objectId}: confirm that payment, or cancel it first`
  return new RefusedError('reference_already_claimed', message, { objectId })
}

const taken = (debt: DebtRow, { id, amount, currency }: Claimant, now: Timestamp): DebtRow => ({
  ...debt,
  holder: id,
  amountDue: amount,
  currency,
  updatedAt: now,
})

/** The rows and the payment once its debt has taken note of it. */
export interface Settled {
  readonly rows: RowSet
  readonly payment: PaymentRow
}

// A payment that was made elsewhere and has not moved money may be left lying for ever, so it takes no claim. Florin's own
// had it from its intent on: where nobody has it, a restore lost it.
const movesMoney: readonly PaymentStatus[] = ['processing', 'requires_capture', 'succeeded']

/** Whether all that a payment brought went back: it pays for nothing, so it takes no claim that somebody else let go. */
const isGivenBack = ({ amountCaptured, amountRefunded }: PaymentRow): boolean =>
  amountCaptured > 0 && amountRefunded >= amountCaptured

/**
 * What a payment's status means to its debt. Canceled, it gives the claim back; succeeded without having had it, it takes
 * it where it is free, and is a duplicate where it is not: `duplicateOf` names the holder from then on. Pure.
 *
 * Debts that were not read are left alone (see `withDebts`), so nothing is decided on a debt that nobody looked at. `isOwn`:
 * Florin made the payment, and not a Checkout session or somebody else.
 */
export function settleClaim(
  rows: RowSet,
  before: PaymentRow | undefined,
  payment: PaymentRow,
  { now, isOwn }: { readonly now: Timestamp; readonly isOwn: boolean },
): Settled {
  const debt = debtFor(rows, payment)
  if (!debt) return { rows, payment }
  if (payment.status === 'canceled') return { rows: freeClaim(rows, payment, now), payment }
  if (debt.holder === null) {
    const takes = (isOwn || movesMoney.includes(payment.status)) && !isGivenBack(payment)
    return { rows: takes ? putRow(rows, 'debts', taken(debt, payment, now)) : rows, payment }
  }
  if (payment.status !== 'succeeded') return { rows, payment }
  if (debt.holder === payment.id) {
    // Only now is it certain that the money which came besides was too much.
    const waiting = before?.status !== 'succeeded' && debt.duplicates.length > 0
    return { rows: waiting ? putRow(rows, 'debts', { ...debt, dueAt: now, updatedAt: now }) : rows, payment }
  }
  if (payment.duplicateOf !== null) return { rows, payment }
  const noted = { ...debt, duplicates: [...debt.duplicates, payment.id], dueAt: now, updatedAt: now }
  return { rows: putRow(rows, 'debts', noted), payment: { ...payment, duplicateOf: debt.holder } }
}

/** Takes the claim from a payment that will never be paid. Where another one paid meanwhile, the claim becomes its own. */
export function freeClaim(rows: RowSet, payment: PaymentRow, now: Timestamp): RowSet {
  const debt = debtFor(rows, payment)
  if (!debt || debt.holder !== payment.id) return rows
  const [next = null, ...duplicates] = debt.duplicates
  const dueAt = duplicates.length > 0 ? now : null
  return putRow(rows, 'debts', { ...debt, holder: next, duplicates, dueAt, updatedAt: now })
}

/**
 * A duplicate whose money went back is none any more; it is one again when its refund fails. One that the claim has passed to
 * lets it go then: whether the refund is told before or after the holder's end makes no difference.
 */
export function settleDuplicate(rows: RowSet, payment: PaymentRow, now: Timestamp): RowSet {
  const debt = debtFor(rows, payment)
  if (!debt || payment.duplicateOf === null) return rows
  if (debt.holder === payment.id) return isGivenBack(payment) ? freeClaim(rows, payment, now) : rows
  const others = debt.duplicates.filter((id) => id !== payment.id)
  const isPaid = !isGivenBack(payment)
  if (isPaid === debt.duplicates.includes(payment.id)) return rows
  const duplicates = isPaid ? [...others, payment.id] : others
  // A refund that failed is not tried again by itself: its cause is nothing that time heals.
  const dueAt = duplicates.length > 0 ? debt.dueAt : null
  return putRow(rows, 'debts', { ...debt, duplicates, dueAt, updatedAt: now })
}

function debtFor(rows: RowSet, payment: PaymentRow): DebtRow | undefined {
  const id = debtIdOf(payment)
  return id === undefined ? undefined : findRow(rows, 'debts', (debt) => debt.id === id)
}
