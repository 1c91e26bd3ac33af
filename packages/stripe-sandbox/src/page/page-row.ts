import { html } from 'hono/html'
import { type Html, moment, objectLink } from './page-text.ts'

/** What a row may say. Only what it is about is always there. */
export interface RowParts {
  /** Tells the row from all others of the page, so that it stays the same row while the page lives. */
  readonly id: string
  readonly lead?: Html
  readonly what: Html | string
  /** The objects that it is about, as links. */
  readonly ids?: readonly (string | null)[]
  readonly side?: Html | string
  readonly at?: number
  readonly acts?: Html
  /** What stands below, over the whole width. */
  readonly more?: Html
}

/** One row of a list. */
export const rowOf = ({ id, lead, what, ids = [], side, at, acts, more }: RowParts): Html => {
  const links = ids.filter((link) => link !== null).map((link) => html`${objectLink(link)} `)
  return html`<li class="row" id="row-${id}">
    ${lead === undefined ? '' : html`<div class="lead">${lead}</div>`}
    <div class="body"><span class="what">${what}</span>${links.length === 0 ? '' : html`<span class="ids">${links}</span>`}</div>
    ${side === undefined || side === '' ? '' : html`<div class="side">${side}</div>`}
    ${at === undefined ? '' : html`<div class="when">${moment(at)}</div>`}
    ${acts === undefined ? '' : html`<div class="acts">${acts}</div>`}
    ${more === undefined ? '' : html`<div class="below">${more}</div>`}
  </li>`
}
