import { z } from 'zod'
import { type Actor, mayActFor } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { parseInput, userId } from '../input/parse-input.ts'
import { type Page, pageInput, pageQuery, toPage } from '../page.ts'
import { one, page } from '../ports/storage.ts'
import { type PaymentMethod, toPaymentMethod } from './payment-method.ts'

const listPaymentMethodsInput = z.strictObject({ userId, ...pageInput })

export type ListPaymentMethods = z.input<typeof listPaymentMethodsInput>

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
