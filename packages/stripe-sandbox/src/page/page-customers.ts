import { html } from 'hono/html'
import { customers, isLive, type StoredCustomer } from '../customers/customer.ts'
import { paymentIntents } from '../payment-intents/payment-intent.ts'
import { paymentMethods } from '../payment-methods/payment-method.ts'
import { rowOf } from './page-row.ts'
import { listSection } from './page-section.ts'
import { type Html, money } from './page-text.ts'
import type { PageView } from './page-view.ts'

/** Who somebody is, in a few words. */
export function customerName({ context }: PageView, id: string | null): string {
  if (id === null) return 'No customer'
  const row = context.store.find(customers, id)
  return isLive(row) ? (row.name ?? row.email ?? id) : `${id} (deleted)`
}

/** A card as it is printed on receipts, e.g. `visa •••• 4242`. */
export function cardName({ context }: PageView, id: string | null): string | undefined {
  const method = id === null ? undefined : context.store.find(paymentMethods, id)
  return method === undefined ? undefined : `${method.card.brand} •••• ${method.card.last4}`
}

/** The customers who are still there. */
export function customerSection(view: PageView): Html {
  const { store } = view.context
  const intents = store.all(paymentIntents).filter(({ status }) => status === 'succeeded')
  const row = (customer: StoredCustomer): Html => {
    const paid = intents.filter((intent) => intent.customer === customer.id)
    const sums = new Map<string, number>()
    for (const { currency, amount_received: amount } of paid) sums.set(currency, (sums.get(currency) ?? 0) + amount)
    const cards = store.all(paymentMethods).filter((method) => method.customer === customer.id)
    const names = cards.map(({ id }) => cardName(view, id)).join(', ')
    return rowOf({
      id: customer.id,
      what: html`<b>${customerName(view, customer.id)}</b> <span class="dim">${names || 'no card saved'}</span>`,
      ids: [customer.id],
      side: html`${[...sums].map(([currency, sum]) => html`${money(sum, currency)} `)}<span class="dim">in ${paid.length} ${paid.length === 1 ? 'payment' : 'payments'}</span>`,
      at: customer.created,
    })
  }
  const rows = store.all(customers).filter(isLive).reverse()
  return listSection(view, { id: 'customers', title: 'Customers', rows, empty: 'No customers yet.', row })
}
