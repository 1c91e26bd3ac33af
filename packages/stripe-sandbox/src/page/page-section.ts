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
export function listSection<T>(
  view: PageView,
  {
    id,
    title,
    rows,
    empty,
    row,
  }: { id: string; title: string; rows: readonly T[]; empty: string; row: (row: T) => Html },
): Html {
  const shown = view.all === id ? rows : rows.slice(0, most)
  const rest = rows.length - shown.length
  const list = html`<ul class="rows">${shown.map(row)}</ul>
    ${rest === 0 ? '' : html`<p class="more"><a href="/?all=${id}#${id}">Show all ${rows.length}</a></p>`}`
  return section(id, title, rows.length === 0 ? html`<p class="empty">${empty}</p>` : list)
}
