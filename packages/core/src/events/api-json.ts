import type { Json } from '../json.ts'

/**
 * A value as the HTTP API writes it: fields in snake_case, keys of metadata as they were given. So an event that is
 * posted carries all that a GET of its object answers (and of a subscription's items Stripe's ids besides).
 */
export function apiJson(value: Json): Json {
  if (isList(value)) return value.map(apiJson)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
  return Object.fromEntries(
    fields.map(([name, field]) => [snakeName(name), name === 'metadata' ? field : apiJson(field)]),
  )
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const snakeName = (name: string) => name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
