import { z } from 'zod'
import { type Actor, reachOf } from '../actor.ts'
import type { Settings } from '../deps.ts'
import { RefusedError } from '../errors.ts'
import { withoutCardNumber } from '../input/fields.ts'

/** Stripe's id of a price. */
export const priceId = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,255}$/, { error: 'must be the id of a Stripe price', abort: true })
  .superRefine(withoutCardNumber)

/**
 * Refuses terms that a user must not set by itself: a browser must not give itself a longer trial or another price.
 *
 * @throws `refused` forbidden
 */
export function checkTerms(
  terms: Readonly<Record<string, unknown>>,
  price: string | undefined,
  actor: Actor,
  { subscribablePrices }: Settings,
): void {
  if (reachOf(actor, 'subscriptions:terms') === 'any') return
  const set = Object.keys(terms).find((name) => terms[name] !== undefined)
  if (set !== undefined) {
    const message = 'cannot be set by a user'
    throw new RefusedError('forbidden', `${set} ${message}`, { fields: [{ field: set, message }] })
  }
  if (price !== undefined && !subscribablePrices.includes(price)) {
    throw new RefusedError('forbidden', `users cannot subscribe to ${price} by themselves`)
  }
}
