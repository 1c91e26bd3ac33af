import { html } from 'hono/html'
import { invoices, type StoredInvoice, subscriptionOf } from '../invoices/invoice.ts'
import { customerName } from './page-customers.ts'
import { rowOf } from './page-row.ts'
import { listSection } from './page-section.ts'
import { dayOf, type Html, money, pill, words } from './page-text.ts'
import type { PageView } from './page-view.ts'

/** The invoices, with what will be done about those that are open. */
export function invoiceSection(view: PageView): Html {
  const row = (invoice: StoredInvoice): Html => {
    return rowOf({
      id: invoice.id,
      lead: html`${money(invoice.total, invoice.currency)} ${pill(invoice.status)}`,
      what: [customerName(view, invoice.customer), invoice.number, words(invoice.billing_reason ?? '')]
        .filter(Boolean)
        .join(' · '),
      ids: [invoice.id, subscriptionOf(invoice)],
      side: fate(invoice),
      at: invoice.created,
    })
  }
  const rows = view.context.store.all(invoices).reverse()
  return listSection(view, { id: 'invoices', title: 'Invoices', rows, empty: 'No invoices yet.', row })
}

function fate({
  status,
  attempt_count: attempts,
  next_payment_attempt: next,
  automatically_finalizes_at: finalizes,
}: StoredInvoice): string {
  if (status === 'draft') return finalizes == null ? 'a draft' : `finalised ${dayOf(finalizes)}`
  if (status !== 'open') return ''
  const tried = attempts === 0 ? 'not tried' : `tried ${attempts} ${attempts === 1 ? 'time' : 'times'}`
  return next === null ? tried : `${tried}, again ${dayOf(next)}`
}
