import { definePrivateCollection, type Row } from './collection.ts'
import type { Store } from './state.ts'
import { invalidRequest, StripeFailure } from './stripe-failure.ts'

/** An answer kept for an idempotency key. The key is the id. */
export interface SavedAnswer extends Row {
  readonly method: string
  readonly path: string
  /** The parameters as sent, in a stable order. */
  readonly fingerprint: string
  readonly created: number
  readonly request: string
  readonly status: number
  readonly body: string
}

export const savedAnswers = definePrivateCollection<SavedAnswer>('idempotency_key')

/** Keys are forgotten after a day of the virtual clock. */
const keyLifetime = 24 * 60 * 60

/** Checks a key's form. */
export function checkKey(key: string): void {
  if (key.length <= 255) return
  throw invalidRequest('Idempotency keys must be at most 255 characters long.', { saved: false })
}

/** The answer to replay, or undefined when the key is new. Another request under the same key is refused. */
export function findSavedAnswer(
  store: Store,
  {
    key,
    method,
    path,
    fingerprint,
    now,
  }: { key: string; method: string; path: string; fingerprint: string; now: number },
): SavedAnswer | undefined {
  const saved = store.find(savedAnswers, key)
  if (saved === undefined) return undefined
  if (now - saved.created >= keyLifetime) {
    store.remove(savedAnswers, key)
    return undefined
  }
  if (saved.path !== path || saved.method !== method) {
    throw keyMisused(
      `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${path}' vs '${saved.path}'). Try using a key other than '${key}' if you meant to execute a different request.`,
    )
  }
  if (saved.fingerprint !== fingerprint) {
    throw keyMisused(
      `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    )
  }
  return saved
}

/** 409: the first request of this key has not been answered yet. */
export const keyInUse = (key: string): StripeFailure =>
  new StripeFailure(
    409,
    {
      type: 'idempotency_error',
      code: 'idempotency_key_in_use',
      message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
    },
    { saved: false },
  )

const keyMisused = (message: string): StripeFailure =>
  new StripeFailure(400, { type: 'idempotency_error', message }, { saved: false })
