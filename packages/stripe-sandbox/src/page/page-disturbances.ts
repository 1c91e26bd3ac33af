import { html } from 'hono/html'
import { type Fault, type FaultKind, faultKinds } from '../engine/faults.ts'
import { calmMode, type WebhookMode } from '../webhooks/webhook-mode.ts'
import { actionButton, checkField, choiceField, numberField } from './page-form.ts'
import { rowOf } from './page-row.ts'
import { section } from './page-section.ts'
import { type Html, words } from './page-text.ts'
import type { PageView } from './page-view.ts'

const faultTexts: Readonly<Record<FaultKind, string>> = {
  fail_before: 'Fails with a 5xx, without effect',
  fail_after: 'Takes effect, then fails with a 5xx',
  cut: 'Takes effect, then the connection is cut',
  cut_before: 'The connection is cut, without effect',
  truncate: 'Takes effect, the answer breaks off',
  stall: 'Takes effect, the answer comes late',
  stall_before: 'Holds its lock for a while, then takes effect',
  rate_limit: '429 rate_limit',
  lock_timeout: '429 lock_timeout',
  conflict: '409 key in use',
  html: 'The HTML page of a proxy',
}

/** Whether deliveries misbehave at all. */
export const isCalm = (mode: WebhookMode): boolean =>
  JSON.stringify({ ...calmMode, ...mode }) === JSON.stringify(calmMode)

/** How webhooks and calls are made to misbehave. */
export const disturbanceSection = (view: PageView): Html =>
  section(
    'disturbances',
    'Disturbances',
    html`<div class="pair">${webhookCard(view)}${faultCard(view)}</div>${startOver()}`,
  )

function webhookCard({ webhooks }: PageView): Html {
  const mode = webhooks.mode()
  const kept = webhooks
    .deliveries()
    .filter(({ status, attempts }) => status === 'held' || (status === 'waiting' && attempts.length === 0)).length
  const chance = { min: 0, max: 1, step: 0.05 }
  return html`<div class="card"><h3>Webhooks</h3>
    <form method="post" action="/_sandbox/page/do/mode" class="fields">
      ${checkField('hold', 'Hold everything back', mode.hold)}
      ${checkField('before_answer', 'Deliver before the answer', mode.before_answer)}
      ${numberField('duplicate', 'Chance to come twice (0–1)', { ...chance, value: mode.duplicate })}
      ${numberField('drop', 'Chance never to come (0–1)', { ...chance, value: mode.drop })}
      ${numberField('reorder', 'Shuffled among the next', { min: 1, max: 100, value: mode.reorder })}
      ${numberField('delay', 'Late by up to (seconds)', { min: 0, value: mode.delay })}
      <div class="acts"><button class="main">Apply</button></div>
    </form>
    <div class="acts">
      ${isCalm(mode) ? '' : actionButton({ action: 'calm' }, 'Back to calm')}
      ${kept === 0 ? '' : actionButton({ action: 'flush' }, `Send the ${kept} kept back`)}
    </div>
  </div>`
}

function faultCard({ faults }: PageView): Html {
  const waiting = faults.list()
  const kinds = Object.values(faultKinds).map((kind) => [kind, faultTexts[kind]] as const)
  const line = ({ id, kind, remaining, method, path }: Fault): Html =>
    rowOf({
      id,
      what: html`<b>${words(kind)}</b> <span class="dim">${method ?? 'any method'} <span class="code">${path ?? 'any path'}</span>, ${remaining === 1 ? 'once' : `${remaining} times`}</span>`,
    })
  return html`<div class="card"><h3>Faults</h3>
    <form method="post" action="/_sandbox/page/do/fault" class="fields">
      ${choiceField('kind', 'What goes wrong', kinds)}
      ${choiceField('method', 'With', [
        ['', 'any method'],
        ['GET', 'GET'],
        ['POST', 'POST'],
        ['DELETE', 'DELETE'],
      ])}
      <label class="field"><span>Path (empty: any; <code>:id</code> or <code>*</code> for a part)</span>
        <input name="path" placeholder="/v1/payment_intents/:id/confirm" autocomplete="off"></label>
      ${numberField('times', 'How often', { min: 1, value: 1 })}
      ${numberField('status', 'Status of a failure (empty: usual)', { min: 400, max: 599, value: '' })}
      ${numberField('delay_ms', 'How late (milliseconds)', { min: 0, value: 1000 })}
      <div class="acts"><button class="main">Inject</button></div>
    </form>
    ${
      waiting.length === 0
        ? html`<p class="empty">No fault waits.</p>`
        : html`<ul class="rows">${waiting.map(line)}</ul>
      <div class="acts">${actionButton({ action: 'clear-faults' }, 'Take them back')}</div>`
    }
  </div>`
}

const startOver = (): Html => html`<details class="menu reset" id="start-over">
  <summary>Start over</summary>
  <p>This empties the sandbox. Nothing can bring it back.</p>
  ${actionButton({ action: 'reset' }, 'Empty it', { look: 'danger' })}
</details>`
