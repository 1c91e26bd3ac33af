import { html } from 'hono/html'
import type { Row } from '../engine/collection.ts'
import { events } from '../engine/events.ts'
import { rowOf } from './page-row.ts'
import { section } from './page-section.ts'
import type { Html } from './page-text.ts'
import type { PageView } from './page-view.ts'

/** The object of an id, whatever its kind. Private records have no page. */
export function findObject({ context }: PageView, id: string): Row | undefined {
  for (const { name } of context.registry.expandable) {
    const row = context.state.tables.get(name)?.get(id)
    if (row !== undefined) return row
  }
  return undefined
}

/** One object as JSON, and the events about it. */
export function objectPage(view: PageView, object: Row): Html {
  const about = view.context.store
    .all(events)
    .filter(({ data }) => 'id' in data.object && data.object.id === object.id)
    .reverse()
  const line = ({ id, type, created }: (typeof about)[number]): Html =>
    rowOf({ id, what: html`<b class="code">${type}</b>`, ids: [id], at: created })
  return html`<main>
    <p><a href="/">All of the sandbox</a></p>
    ${section('object', object.id, html`<pre tabindex="0" aria-label="The object as JSON">${JSON.stringify(object, null, 2)}</pre>`)}
    ${about.length === 0 ? '' : section('about', 'Events about it', html`<ul class="rows">${about.map(line)}</ul>`)}
  </main>`
}
