import { currentApiVersion } from './api-versions.ts'
import type { Context } from './context.ts'

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Rewrites an object and all objects within it into the shape of an API version, by the slices' renderings. */
export function renderFor(context: Context, object: object, version: string): object {
  if (version === currentApiVersion || context.registry.renderings.size === 0) return object
  const rendered = render(context, object, version)
  return isRecord(rendered) ? rendered : object
}

function render(context: Context, value: unknown, version: string): unknown {
  if (Array.isArray(value)) return value.map((entry) => render(context, entry, version))
  if (!isRecord(value)) return value
  // An event keeps the version in which it was made, also when it is read with a newer one.
  if (value.object === 'event') return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, render(context, entry, version)]))
  const renderings = typeof value.object === 'string' ? context.registry.renderings.get(value.object) : undefined
  let rendered: object = inner
  for (const apply of renderings ?? []) rendered = apply({ ...rendered }, version, context)
  return rendered
}
