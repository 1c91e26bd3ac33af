import { html } from 'hono/html'
import type { LoggedRequest } from '../engine/request-log.ts'
import { actionButton } from './page-form.ts'
import { listSection } from './page-section.ts'
import { type Html, moment, pill, words } from './page-text.ts'
import type { PageView } from './page-view.ts'

/** The requests that the API answered, or did not, with their parameters. */
export function requestSection(view: PageView): Html {
  const row = (request: LoggedRequest): Html => html`<li class="row" id="row-${request.id}">
    <div class="lead">${answerPill(request)} <b class="code">${request.method}</b></div>
    <div class="body"><span class="code">${request.path}</span>
      ${request.replayed ? pill('replayed', 'info') : ''} ${request.fault === null ? '' : pill(`fault: ${words(request.fault)}`, 'bad')}</div>
    <div class="when">${moment(request.created)}</div>
    <details class="wide" id="params-${request.id}">
      <summary>${request.id}<span class="dim">${request.idempotency_key === null ? '' : ` · key ${request.idempotency_key}`} · ${request.api_version}</span></summary>
      <pre tabindex="0" aria-label="Parameters">${JSON.stringify(request.params, null, 2)}</pre>
    </details>
  </li>`
  const rows = [...view.requests.list()].reverse()
  const list = listSection(view, { id: 'requests', title: 'Requests', rows, empty: 'No requests yet.', row })
  return html`${list}${rows.length === 0 ? '' : html`<div class="after">${actionButton({ action: 'forget-requests' }, 'Clear the log')}</div>`}`
}

function answerPill({ status }: LoggedRequest): Html {
  if (status === null) return pill('cut off', 'bad')
  return pill(String(status), status < 300 ? 'good' : status < 500 ? 'warn' : 'bad')
}
