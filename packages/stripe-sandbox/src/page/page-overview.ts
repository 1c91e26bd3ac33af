import { html } from 'hono/html'
import { charges } from '../charges/charge.ts'
import { checkoutSessions } from '../checkout/checkout-session.ts'
import { webhookDeliveries } from '../engine/events.ts'
import { invoices } from '../invoices/invoice.ts'
import { paymentIntents } from '../payment-intents/payment-intent.ts'
import { setupIntents } from '../setup-intents/setup-intent.ts'
import { subscriptions } from '../subscriptions/subscription.ts'
import { deliverTask } from '../webhooks/webhook-delivery.ts'
import { customerName } from './page-customers.ts'
import { actionButton } from './page-form.ts'
import { authenticationButtons } from './page-payments.ts'
import { rowOf } from './page-row.ts'
import { section } from './page-section.ts'
import { type Html, money, pill, span, words } from './page-text.ts'
import type { PageView } from './page-view.ts'

const taskNames: Readonly<Record<string, string>> = {
  'charge.settle': 'Funds of a charge are booked',
  'checkout.session.expire': 'Checkout session expires',
  'dispute.decide': 'Dispute is decided',
  'dispute.lose': 'Unanswered dispute is lost',
  'dispute.open': 'Charge is disputed',
  'invoice.collect': 'Invoice is charged again',
  'invoice.finalize': 'Invoice is finalised',
  'payment_intent.expire': 'Held sum is given back',
  'refund.fail': 'Refund fails',
  'refund.settle': 'Refund arrives',
  'subscription.cancel': 'Subscription ends',
  'subscription.expire': 'Incomplete subscription expires',
  'subscription.period_end': 'Subscription renews',
  'subscription.resume_collection': 'Collection resumes',
  'subscription.trial_will_end': 'Trial is about to end',
  'webhook.deliver': 'Webhook is sent again',
}

/** What falls due, in words. */
export const taskName = (kind: string): string => taskNames[kind] ?? words(kind.replaceAll('.', ' '))

/** The numbers at a glance, what waits for the customer, and what comes next. */
export const overviewSection = (view: PageView): Html =>
  section('overview', 'Overview', html`${tiles(view)}<div class="pair">${waiting(view)}${comingUp(view)}</div>`)

function tiles({ context: { store }, webhooks }: PageView): Html {
  const volume = new Map<string, number>()
  for (const { status, currency, amount_captured: captured, amount_refunded: refunded } of store.all(charges)) {
    if (status === 'succeeded') volume.set(currency, (volume.get(currency) ?? 0) + captured - refunded)
  }
  const living = store.all(subscriptions).filter(({ status }) => ['active', 'trialing', 'past_due'].includes(status))
  const trials = living.filter(({ status }) => status === 'trialing').length
  const open = store.all(invoices).filter(({ status }) => status === 'open')
  const deliveries = webhooks.deliveries()
  const missing = deliveries.filter(({ status }) => status !== 'succeeded').length
  const tile = (name: string, value: Html | string | number, note: string): Html =>
    html`<div class="tile"><dt>${name}</dt><dd><b>${value}</b><span class="dim">${note}</span></dd></div>`
  const sums = [...volume].map(([currency, sum], index) => html`${index === 0 ? '' : ' · '}${money(sum, currency)}`)
  return html`<dl class="tiles">
    ${tile('Net volume', sums.length === 0 ? 'None' : html`${sums}`, 'captured, less refunds')}
    ${tile('Subscriptions', living.length, trials === 0 ? 'living' : `${trials} in trial`)}
    ${tile('Open invoices', open.length, open.length === 0 ? 'all settled' : 'money still to come')}
    ${tile('Webhooks', deliveries.length, missing === 0 ? 'all delivered' : `${missing} not delivered`)}
  </dl>`
}

function waiting(view: PageView): Html {
  const { store } = view.context
  const row = (id: string, what: Html | string, customer: string | null, acts: Html): Html =>
    rowOf({
      id: `waiting-${id}`,
      what: html`<b>${what}</b> <span class="dim">${customerName(view, customer)}</span>`,
      ids: [id],
      acts,
    })
  const rows = [
    ...store
      .all(paymentIntents)
      .filter(({ status }) => status === 'requires_action')
      .map(({ id, amount, currency, customer }) =>
        row(id, html`3-D Secure for ${money(amount, currency)}`, customer, authenticationButtons(id)),
      ),
    ...store
      .all(setupIntents)
      .filter(({ status }) => status === 'requires_action')
      .map(({ id, customer }) => row(id, '3-D Secure to save a card', customer, authenticationButtons(id))),
    ...store
      .all(checkoutSessions)
      .filter(({ status }) => status === 'open')
      .map(({ id, mode, customer }) => row(id, `Checkout page (${mode})`, customer, checkoutButtons(id))),
  ]
  return html`<div class="card"><h3>Waiting for the customer</h3>
    ${rows.length === 0 ? html`<p class="empty">Nobody is asked for anything.</p>` : html`<ul class="rows">${rows}</ul>`}
  </div>`
}

const checkoutButtons = (id: string): Html => html`
  ${actionButton({ action: 'complete-checkout', fields: { id, payment_method: 'pm_card_visa' } }, 'Pay with a good card', { about: id, look: 'main' })}
  ${actionButton({ action: 'complete-checkout', fields: { id, payment_method: 'pm_card_chargeDeclined' } }, 'With a bad one', { about: id })}`

function comingUp({ context }: PageView): Html {
  const next = context.state.tasks.slice(0, 6)
  const rows = next.map(({ at, kind, id }, index) =>
    rowOf({
      id: `task-${index}-${kind}-${id}`,
      what: html`<b>${taskName(kind)}</b> <span class="dim">${at <= context.now ? 'now' : `in ${span(at - context.now)}`}</span>`,
      ids: [kind === deliverTask ? (context.store.find(webhookDeliveries, id)?.event ?? null) : id],
      at,
    }),
  )
  const rest = context.state.tasks.length - next.length
  return html`<div class="card"><h3>Coming up</h3>
    ${rows.length === 0 ? html`<p class="empty">Nothing is planned.</p>` : html`<ul class="rows">${rows}</ul>`}
    ${rest === 0 ? '' : html`<p class="more dim">and ${rest} more</p>`}
  </div>`
}

/** How many wait for the customer. */
export const waitingCount = ({ context: { store } }: PageView): number =>
  [...store.all(paymentIntents), ...store.all(setupIntents)].filter(({ status }) => status === 'requires_action')
    .length + store.all(checkoutSessions).filter(({ status }) => status === 'open').length

/** A state as a word, for the navigation. */
export const countPill = (count: number): Html => (count === 0 ? html`` : pill(String(count), 'warn'))
