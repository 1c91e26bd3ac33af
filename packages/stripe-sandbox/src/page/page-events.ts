import { html } from 'hono/html'
import { events, type StoredEvent, type WebhookDelivery, webhookEndpoints } from '../engine/events.ts'
import { actionButton } from './page-form.ts'
import { rowOf } from './page-row.ts'
import { listSection } from './page-section.ts'
import { type Html, moment, pill } from './page-text.ts'
import type { PageView } from './page-view.ts'
import { rowsBy } from './rows-by.ts'

/** The events, each with its deliveries and what the endpoints answered. */
export function eventSection(view: PageView): Html {
  const deliveries = rowsBy(view.webhooks.deliveries(), ({ event }) => event)
  const row = (event: StoredEvent): Html => {
    const sent = deliveries.get(event.id) ?? []
    const { object } = event.data
    return rowOf({
      id: event.id,
      what: html`<b class="code">${event.type}</b>`,
      ids: ['id' in object && typeof object.id === 'string' ? object.id : null, event.id],
      at: event.created,
      ...(sent.length === 0
        ? { side: 'no endpoint wanted it' }
        : {
            acts: actionButton({ action: 'redeliver', fields: { event: event.id } }, 'Deliver again', {
              about: event.id,
            }),
            more: html`${sent.map((delivery) => deliveryLine(view, delivery))}`,
          }),
    })
  }
  const rows = view.context.store.all(events).reverse()
  return listSection(view, { id: 'events', title: 'Events', rows, empty: 'Nothing has happened yet.', row })
}

function deliveryLine({ context }: PageView, { id, endpoint, status, attempts }: WebhookDelivery): Html {
  const url = context.store.find(webhookEndpoints, endpoint)?.url ?? `${endpoint} (deleted)`
  const answer = (attempt: WebhookDelivery['attempts'][number]): Html => {
    const good = attempt.status !== null && attempt.status >= 200 && attempt.status < 300
    return html`<li>${pill(attempt.status === null ? 'no answer' : String(attempt.status), good ? 'good' : 'bad')}
      <span class="dim">${moment(attempt.at)}${attempt.error === null ? '' : html` · ${attempt.error}`}</span></li>`
  }
  return html`<div class="delivery" id="row-${id}">
    <span class="code dim">${url}</span>
    <ol class="attempts">${attempts.map(answer)}${status === 'succeeded' ? '' : html`<li>${pill(status)}</li>`}</ol>
  </div>`
}
