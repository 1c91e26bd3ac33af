import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { parseInput } from '../input/parse-input.ts'
import { one } from '../ports/storage.ts'
import { type Invoice, invoiceId, toInvoice } from './invoice.ts'

/** Reads an invoice; `Invoices.get` says what is promised. */
export async function getInvoice({ storage }: Pick<Deps, 'storage'>, id: string, actor: Actor): Promise<Invoice> {
  const key = keyOf('invoice', parseInput(invoiceId, id))
  const { invoice } = await storage.load({ invoice: one('invoices', { ...key, ...scopeOf(actor, 'invoices:read') }) })
  if (!invoice) throw new InvalidError('invoice_not_found', `no invoice ${id}`)
  return toInvoice(invoice)
}
