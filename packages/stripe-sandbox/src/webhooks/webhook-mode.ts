import { definePrivateCollection, type Row } from '../engine/collection.ts'
import type { Store } from '../engine/state.ts'

/** How deliveries misbehave. The seed and its id decide what becomes of a delivery. */
export interface WebhookMode {
  /** Keep everything back until `flush`. */
  readonly hold: boolean
  /** The chance (0–1) that a delivered event is delivered once more. */
  readonly duplicate: number
  /** From how many of the next deliveries one is picked at random; 1 keeps the order. */
  readonly reorder: number
  /** Wait up to so many virtual seconds before the first attempt. */
  readonly delay: number
  /** The chance (0–1) that an event is never sent. It can still be redelivered or listed. */
  readonly drop: number
  /** Deliver an event before the request that caused it is answered. */
  readonly before_answer: boolean
  /** How many deliveries may be under way at once; 1 is deterministic. */
  readonly concurrency: number
}

/** Everything arrives once, in order, after the answer. */
export const calmMode: WebhookMode = {
  hold: false,
  duplicate: 0,
  reorder: 1,
  delay: 0,
  drop: 0,
  before_answer: false,
  concurrency: 1,
}

const webhookModes = definePrivateCollection<Row & WebhookMode>('webhook_mode')
const id = 'account'

/** The mode in force. */
export function modeOf(store: Store): WebhookMode {
  const { id: _, ...mode } = store.find(webhookModes, id) ?? { id, ...calmMode }
  return mode
}

/** Changes some rules, or restores calm. */
export function changeMode(store: Store, change: Partial<WebhookMode> | undefined): WebhookMode {
  if (change === undefined) store.remove(webhookModes, id)
  else store.put(webhookModes, { id, ...modeOf(store), ...change })
  return modeOf(store)
}
