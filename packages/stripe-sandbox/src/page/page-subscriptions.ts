import { html } from 'hono/html'
import { formatAmount } from '../charges/currency.ts'
import { invoices, type StoredInvoice, subscriptionOf } from '../invoices/invoice.ts'
import { products } from '../products/product.ts'
import { isEnded, nextPeriodEnd, type StoredSubscription, subscriptions } from '../subscriptions/subscription.ts'
import { customerName } from './page-customers.ts'
import { rowOf } from './page-row.ts'
import { listSection } from './page-section.ts'
import { dayOf, type Html, pill } from './page-text.ts'
import type { PageView } from './page-view.ts'
import { rowsBy } from './rows-by.ts'
import { placeOf, type Stretch, ticksOf } from './time-line.ts'

/** The subscriptions, all on one axis of time. */
export function subscriptionSection(view: PageView): Html {
  const { store, now } = view.context
  const rows = store.all(subscriptions).reverse()
  const bills = rowsBy(store.all(invoices), (invoice) => subscriptionOf(invoice) ?? '')
  const starts = rows.map(({ start_date: start }) => start)
  const ends = rows.map((row) => endOf(row))
  const from = Math.min(now, ...starts)
  const to = Math.max(now, ...ends)
  const margin = Math.ceil((to - from) * 0.03)
  const axis = { from: from - margin, to: to + margin }
  const row = (subscription: StoredSubscription): Html =>
    rowOf({
      id: subscription.id,
      what: html`<b>${customerName(view, subscription.customer)}</b> <span class="dim">${priceName(view, subscription)} · ${outlook(subscription)}</span> ${pill(subscription.status)}`,
      ids: [subscription.id],
      more: timeLine(view, subscription, bills.get(subscription.id) ?? [], axis),
    })
  return listSection(view, {
    id: 'subscriptions',
    title: 'Subscriptions',
    rows,
    empty: 'No subscriptions yet.',
    row,
    above: legend,
  })
}

const legend = html`<p class="legend" aria-hidden="true">
  <span class="trial">trial</span> <span class="paid">paid</span> <span class="open">open</span>
  <span class="lost">given up</span> <span class="draft">draft</span> <span class="now">now</span>
</p>`

const endOf = (row: StoredSubscription): number => row.ended_at ?? Math.max(nextPeriodEnd(row), row.trial_end ?? 0)

/** What is sold, e.g. `Florin demo, $20.00 each month`. */
function priceName({ context }: PageView, { items }: StoredSubscription): string {
  return items.data
    .map(({ price, quantity }) => {
      const name = context.store.find(products, price.product)?.name ?? price.id
      const sum = price.unit_amount === null ? '' : `, ${formatAmount(price.unit_amount * quantity, price.currency)}`
      const { interval, interval_count: count } = price.recurring ?? { interval: 'month', interval_count: 1 }
      return `${name}${sum} ${count === 1 ? `each ${interval}` : `every ${count} ${interval}s`}`
    })
    .join(' + ')
}

/** What becomes of it if nobody does anything. */
function outlook(subscription: StoredSubscription): string {
  const { status, ended_at: ended, cancel_at: cancelAt, trial_end: trialEnd } = subscription
  if (ended !== null) return `ended ${dayOf(ended)}`
  if (cancelAt !== null) return `ends ${dayOf(cancelAt)}`
  if (subscription.cancel_at_period_end) return `ends ${dayOf(nextPeriodEnd(subscription))}`
  if (status === 'trialing' && trialEnd !== null) return `trial until ${dayOf(trialEnd)}`
  return `renews ${dayOf(nextPeriodEnd(subscription))}`
}

interface Segment extends Stretch {
  readonly look: 'trial' | 'paid' | 'open' | 'lost' | 'draft'
  readonly text: string
}

const looks = ['paid', 'open', 'draft'] as const

/** The trial, then each period that an invoice bills, coloured by what became of the invoice. */
function segmentsOf(subscription: StoredSubscription, bills: readonly StoredInvoice[]): Segment[] {
  const { trial_start: trialStart, trial_end: trialEnd } = subscription
  const trial: Segment[] =
    trialStart === null || trialEnd === null
      ? []
      : [{ from: trialStart, to: Math.min(trialEnd, endOf(subscription)), look: 'trial', text: 'Trial' }]
  const billed = bills.flatMap(({ status, lines, number, id }): Segment[] => {
    const periods = lines.data
      .filter(({ parent }) => parent?.subscription_item_details?.proration === false)
      .map(({ period }) => period)
      .filter(({ start, end }) => end > start && start >= (trialEnd ?? 0))
    if (periods.length === 0 || status === 'void') return []
    const look = looks.find((word) => word === status) ?? 'lost'
    const from = Math.min(...periods.map(({ start }) => start))
    const to = Math.min(Math.max(...periods.map(({ end }) => end)), subscription.ended_at ?? Number.POSITIVE_INFINITY)
    return [{ from, to, look, text: `${number ?? id}: ${status}` }]
  })
  return [...trial, ...billed].filter(({ from, to }) => to > from)
}

/** One subscription on the axis that all share. Said in words too, for whoever does not see it. */
function timeLine(
  { context: { now } }: PageView,
  subscription: StoredSubscription,
  bills: readonly StoredInvoice[],
  axis: Stretch,
): Html {
  const segments = segmentsOf(subscription, bills)
  const bar = ({ from, to, look, text }: Segment): Html => {
    const left = placeOf(from, axis)
    return html`<rect class="${look}" x="${left}%" y="22" width="${placeOf(to, axis) - left}%" height="12" rx="3"><title>${text}, ${dayOf(from)} to ${dayOf(to)}</title></rect>`
  }
  const bill = (invoice: StoredInvoice): Html =>
    html`<circle class="${invoice.status ?? 'draft'}" cx="${placeOf(invoice.created, axis)}%" cy="28" r="5"><title>${invoice.number ?? invoice.id}: ${formatAmount(invoice.total, invoice.currency)}, ${invoice.status}, ${dayOf(invoice.created)}</title></circle>`
  const tick = ({ at, label }: { at: number; label: string }, index: number): Html =>
    html`<line class="tick" x1="${placeOf(at, axis)}%" x2="${placeOf(at, axis)}%" y1="16" y2="40" /><text class="${index % 2 === 1 ? 'second' : ''}" x="${placeOf(at, axis)}%" y="11">${label}</text>`
  const next = nextPeriodEnd(subscription)
  const begins = placeOf(subscription.start_date, axis)
  return html`<svg class="time-line" role="img" aria-label="${spoken(subscription, segments)}" height="46" width="100%">
    ${ticksOf(axis)
      .filter(({ at }) => placeOf(at, axis) < 94)
      .map(tick)}
    <rect class="life" x="${begins}%" y="22" width="${placeOf(endOf(subscription), axis) - begins}%" height="12" rx="3" />
    ${segments.map(bar)}
    ${bills.map(bill)}
    ${isEnded(subscription) || next <= now ? '' : html`<line class="next" x1="${placeOf(next, axis)}%" x2="${placeOf(next, axis)}%" y1="18" y2="38" />`}
    <line class="now" x1="${placeOf(now, axis)}%" x2="${placeOf(now, axis)}%" y1="15" y2="44" />
  </svg>`
}

const spoken = (subscription: StoredSubscription, segments: readonly Segment[]): string =>
  [
    `Since ${dayOf(subscription.start_date)}`,
    ...segments.map(({ from, to, text }) => `${text}, ${dayOf(from)} to ${dayOf(to)}`),
    outlook(subscription),
  ].join('; ')
