import { z } from 'zod'
import { type Actor, mayActFor } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { userId } from '../input/fields.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { page } from '../ports/storage.ts'
import { type Invoice, toInvoice } from './invoice.ts'

/** What `invoices.list` takes. */
export interface ListInvoices extends PageInput {
  /** Whose invoices: your own id of the user. */
  readonly userId: string
}

export const listInvoicesInput = z.strictObject({ userId, ...pageInput })

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
