import type { Context } from './context.ts'
import { changedFrom } from './previous-attributes.ts'
import { renderFor } from './render.ts'

/** What changed, in the names of an older version: the object as it was and as it is, both rendered and compared. */
export function previousFor(
  context: Context,
  { object, previous }: { object: object; previous: object },
  version: string,
): Record<string, unknown> {
  const before = asBefore({ ...object }, { ...previous })
  return changedFrom(renderFor(context, before, version), renderFor(context, object, version))
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Puts the earlier values back, in part for objects and whole for lists. */
function asBefore(object: Fields, previous: Fields): Fields {
  const earlier = Object.entries(previous).map(([key, was]) => {
    const is = object[key]
    return [key, isFields(is) && isFields(was) ? asBefore(is, was) : was] as const
  })
  return { ...object, ...Object.fromEntries(earlier) }
}
