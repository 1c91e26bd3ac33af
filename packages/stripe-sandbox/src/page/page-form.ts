import { html } from 'hono/html'
import type { Html } from './page-text.ts'

/** What a button does: the action's name and what it is given. */
export interface ButtonCall {
  readonly action: string
  readonly fields?: Readonly<Record<string, string | number>>
}

/** A button that does one thing. `about` is read aloud with the label where several buttons share one. */
export const actionButton = (
  { action, fields = {} }: ButtonCall,
  label: string,
  { about = '', look = '' }: { about?: string; look?: 'main' | 'danger' | '' } = {},
): Html => html`<form method="post" action="/_sandbox/page/do/${action}">
  ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
  <button class="${look}">${label}${about === '' ? '' : html`<span class="unseen"> ${about}</span>`}</button>
</form>`

/** A number to type, with its label. */
export const numberField = (
  name: string,
  label: string,
  limits: { readonly value: number | ''; readonly min: number; readonly max?: number; readonly step?: number },
): Html => html`<label class="field">
  <span>${label}</span>
  <input type="number" name="${name}" value="${limits.value}" min="${limits.min}" step="${limits.step ?? 1}"
    ${limits.max === undefined ? '' : html`max="${limits.max}"`}>
</label>`

/** Something that is on or off. */
export const checkField = (name: string, label: string, on: boolean): Html => html`<label class="check">
  <input type="checkbox" name="${name}" value="on" ${on ? html`checked` : ''}>
  <span>${label}</span>
</label>`

/** One of several words, with its label. */
export const choiceField = (
  name: string,
  label: string,
  choices: readonly (readonly [value: string, text: string])[],
): Html => html`<label class="field">
  <span>${label}</span>
  <select name="${name}">${choices.map(([value, text]) => html`<option value="${value}">${text}</option>`)}</select>
</label>`
