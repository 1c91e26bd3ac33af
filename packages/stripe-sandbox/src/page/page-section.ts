import { html } from 'hono/html'
import type { Html } from './page-text.ts'
import type { PageView } from './page-view.ts'

/** How many rows a section shows before it asks. */
const most = 20

/** A part of the page under its own heading. */
export const section = (
  id: string,
  title: string,
  body: Html,
): Html => html`<section id="${id}" aria-labelledby="${id}-title">
  <h2 id="${id}-title" tabindex="-1">${title}</h2>
  ${body}
</section>`

/** A section that lists rows, newest first as they are given. */
export function listSection<T>(view: PageView, list: ListParts<T>): Html {
  const { id, title, rows, empty, row, above = '', below = '' } = list
  if (rows.length === 0) return section(id, title, html`<p class="empty">${empty}</p>`)
  const shown = view.all === id ? rows : rows.slice(0, most)
  const rest = rows.length - shown.length
  return section(
    id,
    title,
    html`${above}<ul class="rows">${shown.map(row)}</ul>
    <div class="after">${rest === 0 ? '' : html`<a href="/?all=${id}#${id}">Show all ${rows.length}</a>`}${below}</div>`,
  )
}

interface ListParts<T> {
  readonly id: string
  readonly title: string
  readonly rows: readonly T[]
  readonly empty: string
  readonly row: (row: T) => Html
  readonly above?: Html
  readonly below?: Html
}
