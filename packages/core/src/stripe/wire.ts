import { z } from 'zod'
import type { Json } from '../json.ts'
import type { Sighting } from '../observations/join.ts'
import type { Tag } from '../ports/gateway.ts'
import { type Timestamp, timestampOfSeconds } from '../time.ts'

// Readers of Stripe's objects are tolerant: only what Florin needs, in every shape since 2022-11-15, and nothing that a
// newer version adds can break them.

/** A parsed JSON object of Stripe's. */
export type Wire = { readonly [key: string]: Json }

/** An object of Stripe's. It comes out of a JSON parser, so only whether it is an object has to be looked at. */
export const wire = z.custom<Wire>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))

/** An object's id, where the field holds the id or the expanded object. */
export const idOf = z
  .union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)])
  .nullish()
  .transform((id) => id ?? null)

/** The id of an object itself, where it has one. */
export const idIn = (object: Wire | null | undefined): string | null =>
  typeof object?.id === 'string' ? object.id : null

// Postgres stores no U+0000 in text; of Stripe's texts it is left out, never refused.
export const text = z
  .string()
  .nullish()
  .transform((value) => value?.replaceAll('\u0000', '') ?? null)

export const time = z
  .number()
  .nullish()
  .transform((seconds): Timestamp | null => (seconds == null ? null : timestampOfSeconds(seconds)))

const isSet = (entry: [string, string | null]): entry is [string, string] => entry[1] !== null

// `previous_attributes` tells of a key that was not there by null.
export const labels = z
  .record(z.string(), z.string().nullable())
  .nullish()
  .transform((values) => Object.fromEntries(Object.entries(values ?? {}).filter(isSet)))

/** What every object of Stripe's tells of its identity. */
export const identity = z.object({
  id: z.string(),
  metadata: labels,
  livemode: z.boolean().default(false),
  created: z.number().default(0),
})

/** Florin's own keys in an object's metadata. */
export const METADATA = {
  florinId: 'florin_id',
  operation: 'florin_operation',
  installation: 'florin_installation',
  user: 'florin_user',
  reference: 'florin_reference',
} as const

/** The metadata that Florin puts on what it makes, so that it can be found again without its id. */
export function tagMetadata(
  { florinId, operationId, userId, reference }: Tag,
  installation: string,
): Record<string, string> {
  return {
    [METADATA.florinId]: florinId,
    [METADATA.operation]: operationId,
    [METADATA.installation]: installation,
    [METADATA.user]: userId,
    ...(reference !== undefined && { [METADATA.reference]: reference }),
  }
}

/** What an object's metadata says of us, and what is the caller's own in it. */
export function readMetadata(metadata: Readonly<Record<string, string>>) {
  const own = Object.entries(metadata).filter(([key]) => !key.startsWith('florin_'))
  return {
    florinId: metadata[METADATA.florinId] ?? null,
    installation: metadata[METADATA.installation] ?? null,
    userId: metadata[METADATA.user] || null,
    reference: metadata[METADATA.reference] || null,
    metadata: Object.fromEntries(own),
  }
}

/** An open enum: one of the words that Florin knows, else `unknown` with Stripe's own word beside it. */
export function openStatus<Known extends string>(
  known: readonly Known[],
  status: string,
): { status: Known | 'unknown'; gatewayStatus: string | null } {
  const found = known.find((word) => word === status)
  return found === undefined ? { status: 'unknown', gatewayStatus: status } : { status: found, gatewayStatus: null }
}

/** How an object was seen: when, and what it was before, where an event told. */
export interface Sight {
  /** Stripe's time in seconds. */
  readonly stamp: number
  readonly previous?: Wire | undefined
}

/** An object of Stripe's, and what its shape made of it: reading it takes longer than all that is done with it. */
export interface Sighted<Read> {
  readonly object: Wire
  readonly sight: Sight
  readonly shape: z.ZodType<Read>
  readonly read: Read
}

/** Reads an object by its shape. */
export const sighted = <Read>(object: Wire, sight: Sight, shape: z.ZodType<Read>): Sighted<Read> => ({
  ...{ object, sight, shape },
  read: shape.parse(object),
})

/**
 * A group of facts, and the same group as it was before the event. That one only tells which of two is newer: where it
 * cannot be read, nothing is lost without it.
 */
export function sighting<Read, Facts>(
  { object, sight: { stamp, previous }, shape, read }: Sighted<Read>,
  factsOf: (read: Read) => Facts,
): Sighting<Facts> {
  const facts = factsOf(read)
  if (previous === undefined) return { facts, stamp }
  const before = shape.safeParse(undo(object, previous))
  return { facts, stamp, ...(before.success && { before: factsOf(before.data) }) }
}

/** The object as it was: `previous_attributes` holds only what changed, nested objects in part, arrays whole. */
function undo(object: Wire, previous: Wire): Wire {
  const undone: Record<string, Json> = { ...object }
  for (const [key, value] of Object.entries(previous)) {
    const current = undone[key]
    undone[key] = isWire(value) && isWire(current) ? undo(current, value) : value
  }
  return undone
}

/** Whether a value is an object: of a field that is an id or the object of that id, whether it was expanded. */
export const isWire = (value: Json | undefined): value is Wire =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
