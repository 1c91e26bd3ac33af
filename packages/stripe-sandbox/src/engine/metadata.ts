import type { FormValue } from './form.ts'
import type { Param } from './params.ts'
import { invalidParam } from './stripe-failure.ts'

/** Key–value pairs of a merchant, as stored. */
export type Metadata = Record<string, string>

/** What a request asks of the metadata: null empties it, an empty value removes its key. */
export type MetadataPatch = Readonly<Record<string, string>> | null

/** Reads `metadata[key]=value` by Stripe's rules on lengths; the number of keys is checked when it is applied. */
export const metadataParam = (): Param<MetadataPatch, false> => ({
  required: false,
  read: (value, name) => (value === '' ? null : readPairs(value, name)),
})

/** Merges a request's metadata into what is stored. */
export function mergeMetadata(stored: Metadata, patch: MetadataPatch | undefined): Metadata {
  if (patch === undefined) return stored
  if (patch === null) return {}
  const merged: Metadata = { ...stored }
  for (const [key, value] of Object.entries(patch)) {
    if (value === '') delete merged[key]
    else merged[key] = value
  }
  const count = Object.keys(merged).length
  if (count > 50) throw invalidParam(`Metadata can have up to 50 keys, but you passed in ${count} keys.`, 'metadata')
  return merged
}

function readPairs(value: FormValue, name: string): Metadata {
  if (typeof value === 'string') throw invalidParam('Invalid object', name)
  const pairs: Metadata = {}
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'string')
      throw invalidParam('Invalid string: metadata values must be strings', `${name}[${key}]`)
    if (key.length > 40) {
      throw invalidParam(
        `Metadata keys can have up to 40 characters, but you passed in a key that is ${key.length} characters. Invalid key: ${key}`,
        name,
      )
    }
    if (entry.length > 500) {
      throw invalidParam(
        `Metadata values can have up to 500 characters, but you passed in a value that is ${entry.length} characters. Invalid value: ${entry}`,
        name,
      )
    }
    pairs[key] = entry
  }
  return pairs
}
