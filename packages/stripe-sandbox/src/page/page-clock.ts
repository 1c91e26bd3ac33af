import { html } from 'hono/html'
import { actionButton } from './page-form.ts'
import { taskName } from './page-overview.ts'
import { type Html, span } from './page-text.ts'
import type { PageView } from './page-view.ts'

const day = 86_400
const moves = [
  ['1 hour', 3600],
  ['1 day', day],
  ['7 days', 7 * day],
  ['30 days', 30 * day],
] as const

const dateFormat = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
})
const timeFormat = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', timeStyle: 'medium' })

/** The virtual time, and the buttons that move it. It only moves forward. */
export function clockBar({ context, ticking }: PageView): Html {
  const { now, state } = context
  const ms = now * 1000
  const [next] = state.tasks
  return html`<div class="clock" role="group" aria-label="Clock">
    <time id="now" datetime="${new Date(ms).toISOString()}" ${ticking ? html`data-ticking` : ''}>
      <b>${dateFormat.format(ms)}</b> <span class="code">${timeFormat.format(ms)}</span> <span class="dim">UTC</span>
    </time>
    <div class="moves">
      ${moves.map(([label, seconds]) => actionButton({ action: 'advance', fields: { seconds } }, `+${label}`))}
      ${
        next === undefined
          ? ''
          : actionButton({ action: 'next' }, 'To what comes next', {
              look: 'main',
              about: `${taskName(next.kind)}, in ${span(Math.max(0, next.at - now))}`,
            })
      }
      <details class="menu" id="move-to">
        <summary>Move to…</summary>
        <form method="post" action="/_sandbox/page/do/move-to">
          <label class="field"><span>Moment, in UTC</span>
            <input type="datetime-local" name="moment" step="1" required min="${isoMinute(ms)}" value="${isoMinute(ms)}"></label>
          <button class="main">Move</button>
        </form>
      </details>
    </div>
  </div>`
}

const isoMinute = (ms: number): string => new Date(ms).toISOString().slice(0, 19)
