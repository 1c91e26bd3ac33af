import fc from 'fast-check'

const MINUTE = 60
const DAY = 24 * 3600

const cards = [
  'pm_card_visa',
  'pm_card_chargeDeclined',
  'pm_card_threeDSecure2Required',
  'pm_card_refundFail',
  'pm_card_pendingRefund',
  'pm_card_createDispute',
] as const

/** Something that is asked of Florin. `pick` chooses among the objects that are there by then. */
export type Deed =
  | {
      readonly do: 'pay'
      readonly card: (typeof cards)[number]
      readonly manual: boolean
      readonly user: number
      readonly owes: boolean
    }
  | { readonly do: 'confirm' | 'capture' | 'cancel' | 'refund'; readonly pick: number; readonly part: number }
  | { readonly do: 'subscribe'; readonly failing: boolean; readonly trial: boolean; readonly user: number }
  | { readonly do: 'swap' | 'quantity' | 'end' | 'resume' | 'terminate'; readonly pick: number }
  | { readonly do: 'attach'; readonly makeDefault: boolean; readonly user: number }
  | { readonly do: 'set default' | 'detach'; readonly pick: number }

/** Something that happens without Florin being asked. */
export type Event =
  | { readonly do: 'authenticate'; readonly succeed: boolean; readonly pick: number }
  | { readonly do: 'refund at Stripe'; readonly pick: number; readonly part: number }
  | { readonly do: 'dispute'; readonly pick: number }
  | { readonly do: 'answer the dispute'; readonly win: boolean; readonly pick: number }
  | { readonly do: 'delete the customer'; readonly pick: number }
  | { readonly do: 'fault'; readonly kind: 'cut' | 'fail_after' | 'fail_before' | 'truncate' | 'lock_timeout' }
  | {
      readonly do: 'chaos'
      readonly duplicate: number
      readonly reorder: number
      readonly delay: number
      readonly drop: number
      readonly concurrency: number
    }

/** One step of a life. All that happens between two waits happens within one second of Stripe's. */
export type Step =
  | Deed
  | Event
  | { readonly do: 'wait'; readonly seconds: number }
  /** Two replicas at the same time, on the same object where both choose one of a kind. */
  | { readonly do: 'together'; readonly deeds: readonly [Deed, Deed] }
  /** An earlier request again, with its key, at another replica. */
  | { readonly do: 'again'; readonly pick: number }
  /** What runs in the background, on all replicas at once. */
  | { readonly do: 'maintain' }

const pick = fc.nat({ max: 50 })
const part = fc.integer({ min: 1, max: 4 })
const user = fc.nat({ max: 1 })
const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })
const one = <const T extends string>(word: T) => fc.constant(word)

const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  often(
    6,
    fc.record({
      do: one('pay'),
      card: fc.constantFrom(...cards),
      manual: fc.boolean(),
      user,
      owes: fc.constantFrom(false, false, true),
    }),
  ),
  often(6, fc.record({ do: fc.constantFrom('confirm' as const, 'capture', 'cancel', 'refund', 'refund'), pick, part })),
  often(3, fc.record({ do: one('subscribe'), failing: fc.boolean(), trial: fc.boolean(), user })),
  often(4, fc.record({ do: fc.constantFrom('swap' as const, 'quantity', 'end', 'resume', 'terminate'), pick })),
  often(2, fc.record({ do: one('attach'), makeDefault: fc.boolean(), user })),
  often(1, fc.record({ do: fc.constantFrom('set default' as const, 'detach'), pick })),
)

// Whichever objects the two choose, it is the same one where they are of a kind.
const together: fc.Arbitrary<Step> = fc
  .tuple(anyDeed, anyDeed, pick)
  .map(([first, second, same]) => ({ do: 'together', deeds: [aimed(first, same), aimed(second, same)] }))

const aimed = (deed: Deed, pick: number): Deed => ('pick' in deed ? { ...deed, pick } : deed)

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  often(3, fc.record({ do: one('authenticate'), succeed: fc.boolean(), pick })),
  often(1, fc.record({ do: one('refund at Stripe'), pick, part })),
  often(2, fc.record({ do: one('dispute'), pick })),
  often(4, fc.record({ do: one('answer the dispute'), win: fc.boolean(), pick })),
  often(1, fc.record({ do: one('delete the customer'), pick })),
  often(
    3,
    fc.record({
      do: one('fault'),
      kind: fc.constantFrom('cut' as const, 'fail_after', 'fail_before', 'truncate', 'lock_timeout'),
    }),
  ),
  often(
    3,
    fc.record({
      do: one('chaos'),
      duplicate: fc.constantFrom(0, 0.5, 1),
      reorder: fc.constantFrom(1, 4, 8),
      delay: fc.constantFrom(0, 0, MINUTE, DAY),
      drop: fc.constantFrom(0, 0, 0.3),
      concurrency: fc.constantFrom(1, 1, 4),
    }),
  ),
)

/** Any step, as likely as it is telling. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  often(12, anyDeed),
  often(8, anyEvent),
  often(4, fc.record({ do: one('wait'), seconds: fc.constantFrom(0, 1, MINUTE, 3600, 2 * DAY, 20 * DAY) })),
  often(4, together),
  often(2, fc.record({ do: one('again'), pick })),
  often(1, fc.record({ do: one('maintain') })),
)

/** A life of any length up to 25 steps. */
export const anyLife: fc.Arbitrary<readonly Step[]> = fc.array(anyStep, { minLength: 3, maxLength: 25, size: 'max' })
