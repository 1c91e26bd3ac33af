import { html } from 'hono/html'
import { formatAmount } from '../charges/currency.ts'

/** Escaped markup. */
export type Html = ReturnType<typeof html>

/** How a state feels: done, under way, wants attention, went wrong, over. */
export type Tone = 'good' | 'info' | 'warn' | 'bad' | 'idle'

const tones: Readonly<Record<string, Tone>> = {
  active: 'good',
  complete: 'good',
  paid: 'good',
  succeeded: 'good',
  won: 'good',
  draft: 'info',
  processing: 'info',
  requires_capture: 'info',
  trialing: 'info',
  due: 'info',
  under_review: 'info',
  held: 'warn',
  incomplete: 'warn',
  needs_response: 'warn',
  open: 'warn',
  past_due: 'warn',
  paused: 'warn',
  pending: 'warn',
  requires_action: 'warn',
  requires_confirmation: 'warn',
  waiting: 'warn',
  dropped: 'bad',
  failed: 'bad',
  lost: 'bad',
  requires_payment_method: 'bad',
  uncollectible: 'bad',
  unpaid: 'bad',
}

/** A state in a word, coloured by how it feels. */
export const pill = (status: string | null, tone: Tone = tones[status ?? ''] ?? 'idle'): Html =>
  html`<span class="pill ${tone}">${words(status ?? 'none')}</span>`

/** `requires_action` as people write it. */
export const words = (name: string): string => name.replaceAll('_', ' ')

/** A sum in its currency. */
export const money = (amount: number, currency: string): Html =>
  html`<span class="sum">${formatAmount(amount, currency)}</span>`

const dateAndTime = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'short' })
const dateOnly = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', dateStyle: 'medium' })

/** A moment of the virtual time, e.g. `1 Nov 2026, 00:00`. */
export const moment = (unix: number): Html =>
  html`<time datetime="${new Date(unix * 1000).toISOString()}">${dateAndTime.format(unix * 1000)}</time>`

/** A day of the virtual time, e.g. `1 Nov 2026`. */
export const dayOf = (unix: number): string => dateOnly.format(unix * 1000)

const units = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

/** A length of time in its largest whole unit, e.g. `3 days`. */
export function span(seconds: number): string {
  for (const [size, name] of units) {
    const count = Math.floor(seconds / size)
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'}`
  }
  return 'no time'
}

/** An id that leads to the whole object. */
export const objectLink = (id: string): Html => html`<a class="id" href="/_sandbox/page/objects/${id}">${id}</a>`
