import { z } from 'zod'
import { type Actor, mayActFor } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { userId } from '../input/fields.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { page } from '../ports/storage.ts'
import { type Payment, toPayment } from './payment.ts'

/** What `payments.list` takes. */
export interface ListPayments extends PageInput {
  /** Whose payments: your own id of the user. */
  readonly userId: string
}

export const listPaymentsInput = z.strictObject({ userId, ...pageInput })

/** Lists a user's payments; `Payments.list` says what is promised. */
export async function listPayments(
  { storage }: Pick<Deps, 'storage'>,
  input: ListPayments,
  actor: Actor,
): Promise<Page<Payment>> {
  const { userId, ...place } = parseInput(listPaymentsInput, input)
  mayActFor(actor, 'payments:read', userId)
  const { payments } = await storage.load({ payments: page('transactions', { userId }, pageQuery(place)) })
  return toPage(payments, place.limit, (row) => toPayment(row, { withSecret: false }))
}
