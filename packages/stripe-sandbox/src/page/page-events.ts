import { html } from 'hono/html'
import { events, type StoredEvent, type WebhookDelivery, webhookEndpoints } from '../engine/events.ts'
import { actionButton } from './page-form.ts'
import { listSection } from './page-section.ts'
import { type Html, moment, objectLink, pill } from './page-text.ts'
import type { PageView } from './page-view.ts'
import { rowsBy } from './rows-by.ts'

/** The events, each with its deliveries and what the endpoints answered. */
export function eventSection(view: PageView): Html {
  const deliveries = rowsBy(view.webhooks.deliveries(), ({ event }) => event)
  const row = (event: StoredEvent): Html => {
    const sent = deliveries.get(event.id) ?? []
    const { object } = event.data
    return html`<li class="row" id="row-${event.id}">
      <div class="lead"><b class="code">${event.type}</b></div>
      <div class="body">${objectLink(event.id)}${'id' in object && typeof object.id === 'string' ? html` <span class="dim">about</span> ${objectLink(object.id)}` : ''}</div>
      <div class="when">${moment(event.created)}</div>
      <div class="wide">${sent.length === 0 ? html`<span class="dim">No endpoint wanted it.</span>` : sent.map((delivery) => deliveryLine(view, delivery))}
        ${sent.length === 0 ? '' : actionButton({ action: 'redeliver', fields: { event: event.id } }, 'Deliver again', { about: event.id })}</div>
    </li>`
  }
  const rows = view.context.store.all(events).reverse()
  return listSection(view, { id: 'events', title: 'Events', rows, empty: 'Nothing has happened yet.', row })
}

function deliveryLine({ context }: PageView, { id, endpoint, status, attempts }: WebhookDelivery): Html {
  const url = context.store.find(webhookEndpoints, endpoint)?.url ?? `${endpoint} (deleted)`
  const answer = (attempt: WebhookDelivery['attempts'][number]): Html => {
    const good = attempt.status !== null && attempt.status >= 200 && attempt.status < 300
    return html`<li>${pill(attempt.status === null ? 'no answer' : String(attempt.status), good ? 'good' : 'bad')}
      ${moment(attempt.at)}${attempt.error === null ? '' : html` <span class="dim">${attempt.error}</span>`}</li>`
  }
  return html`<div class="delivery" id="row-${id}">
    <div>${pill(status)} <span class="code">${url}</span></div>
    <ol class="attempts">${attempts.map(answer)}</ol>
  </div>`
}
