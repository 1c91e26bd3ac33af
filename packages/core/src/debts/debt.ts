import type { PaymentRow } from '../payments/payment.ts'
import type { Timestamp } from '../time.ts'

/**
 * A row of `debts`: what a user owes under one reference (an order, an invoice of the host's), and which payment has the
 * claim to pay it. One row per user and reference, so that two attempts to pay one debt meet on its version.
 */
export interface DebtRow {
  /** Derived from the user and the reference, see {@link debtId}. */
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly userId: string
  readonly reference: string
  readonly amountDue: number
  readonly currency: string
  /** The payment that may pay it; null while anybody may begin to. */
  readonly holder: string | null
  /** Payments that succeeded although another one held the claim, as long as not all of their money went back. */
  readonly duplicates: readonly string[]
  /** When to look at the duplicates; null when there is nothing to decide. */
  readonly dueAt: Timestamp | null
}

/** The id of a debt. User ids hold no blank, so no two pairs share one. */
export const debtId = (userId: string, reference: string): string => `${userId} ${reference}`

/** The id of the debt that a payment is for; undefined without a reference or a user. */
export function debtIdOf({ userId, reference }: Pick<PaymentRow, 'userId' | 'reference'>): string | undefined {
  return userId === null || reference === null ? undefined : debtId(userId, reference)
}

/** A debt that nobody has the claim to. As it is, it need not be stored. */
export function freeDebt(userId: string, reference: string, now: Timestamp): DebtRow {
  const identity = { id: debtId(userId, reference), version: 0, createdAt: now, updatedAt: now }
  return { ...identity, userId, reference, amountDue: 0, currency: '', holder: null, duplicates: [], dueAt: null }
}
