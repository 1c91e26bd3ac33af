import { html } from 'hono/html'
import { currentApiVersion } from '../engine/api-versions.ts'
import type { LoggedRequest } from '../engine/request-log.ts'
import { actionButton } from './page-form.ts'
import { rowOf } from './page-row.ts'
import { listSection } from './page-section.ts'
import { type Html, pill, words } from './page-text.ts'
import type { PageView } from './page-view.ts'

/** The requests that the API answered, or did not, with their parameters. */
export function requestSection(view: PageView): Html {
  const row = (request: LoggedRequest): Html =>
    rowOf({
      id: request.id,
      lead: html`${answerPill(request)} <b class="code">${request.method}</b>`,
      what: html`<span class="code">${request.path}</span>
        ${request.replayed ? pill('replayed', 'info') : ''} ${request.fault === null ? '' : pill(`fault: ${words(request.fault)}`, 'bad')}`,
      at: request.created,
      more: html`<details class="params" id="params-${request.id}">
        <summary>${request.id}${request.idempotency_key === null ? '' : ` · key ${request.idempotency_key}`}${request.api_version === currentApiVersion ? '' : ` · ${request.api_version}`}</summary>
        <pre tabindex="0" aria-label="Parameters">${JSON.stringify(request.params, null, 2)}</pre>
      </details>`,
    })
  const rows = [...view.requests.list()].reverse()
  const clear = html`${actionButton({ action: 'forget-requests' }, 'Clear the log')}`
  return listSection(view, { id: 'requests', title: 'Requests', rows, empty: 'No requests yet.', row, below: clear })
}

function answerPill({ status }: LoggedRequest): Html {
  if (status === null) return pill('cut off', 'bad')
  return pill(String(status), status < 300 ? 'good' : status < 500 ? 'warn' : 'bad')
}
