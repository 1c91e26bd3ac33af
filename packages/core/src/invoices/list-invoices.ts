import { z } from 'zod'
import { type Actor, mayActFor } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { parseInput, userId } from '../input/parse-input.ts'
import { type Page, pageInput, pageQuery, toPage } from '../page.ts'
import { page } from '../ports/storage.ts'
import { type Invoice, toInvoice } from './invoice.ts'

const listInvoicesInput = z.strictObject({ userId, ...pageInput })

export type ListInvoices = z.input<typeof listInvoicesInput>

/** Lists a user's invoices; `Invoices.list` says what is promised. */
export async function listInvoices(
  { storage }: Pick<Deps, 'storage'>,
  input: ListInvoices,
  actor: Actor,
): Promise<Page<Invoice>> {
  const { userId, ...place } = parseInput(listInvoicesInput, input)
  mayActFor(actor, 'invoices:read', userId)
  const { invoices } = await storage.load({ invoices: page('invoices', { userId }, pageQuery(place)) })
  return toPage(invoices, place.limit, toInvoice)
}
