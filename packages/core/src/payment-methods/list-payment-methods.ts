import { z } from 'zod'
import { type Actor, mayActFor } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { userId } from '../input/fields.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { one, page } from '../ports/storage.ts'
import { type PaymentMethod, toPaymentMethod } from './payment-method.ts'

/** What `paymentMethods.list` takes. */
export interface ListPaymentMethods extends PageInput {
  /** Whose payment methods: your own id of the user. */
  readonly userId: string
}

export const listPaymentMethodsInput = z.strictObject({ userId, ...pageInput })

/** Lists a user's payment methods; `PaymentMethods.list` says what is promised. */
export async function listPaymentMethods(
  { storage }: Pick<Deps, 'storage'>,
  input: ListPaymentMethods,
  actor: Actor,
): Promise<Page<PaymentMethod>> {
  const { userId, ...place } = parseInput(listPaymentMethodsInput, input)
  mayActFor(actor, 'payment-methods:read', userId)
  const { customer, methods } = await storage.load({
    customer: one('customers', { userId, isPrimary: true }),
    methods: page('payment_methods', { userId, status: 'attached' }, pageQuery(place)),
  })
  return toPage(methods, place.limit, (row) => toPaymentMethod(row, customer?.defaultMethod ?? null))
}
