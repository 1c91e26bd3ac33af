import { versionRank } from '../engine/api-versions.ts'

/** An object on its way out, of which only the wire form is known. */
export type Wire = Readonly<Record<string, unknown>>

/** The versions that changed the shape of what the sandbox has, by their first release. */
export const releases = {
  cancellationDetails: '2022-08-01',
  latestCharge: '2022-11-15',
  basil: '2025-03-31.basil',
  billingMode: '2025-06-30.basil',
  clover: '2025-09-30.clover',
  refundOwner: '2026-01-28.clover',
  endive: '2026-09-30.endive',
} as const

/** Whether a version still has the shape from before a release. */
export const isBefore = (version: string, release: keyof typeof releases): boolean =>
  versionRank(version) < versionRank(releases[release])

/** The object without some fields. */
export function without(object: Wire, ...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}

/** A nested object of the wire form, or undefined. */
export const recordIn = (object: Wire | undefined, name: string): Wire | undefined => {
  const value = object?.[name]
  return isWire(value) ? value : undefined
}

const isWire = (value: unknown): value is Wire => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A text field, or null. */
export const textIn = (object: Wire | undefined, name: string): string | null => {
  const value = object?.[name]
  return typeof value === 'string' ? value : null
}

/** The id in a field that may be expanded. */
export const idIn = (object: Wire | undefined, name: string): string | null =>
  textIn(object, name) ?? textIn(recordIn(object, name), 'id')

/** The rows of a list field. */
export const rowsIn = (object: Wire, name: string): readonly Wire[] => {
  const rows = recordIn(object, name)?.data
  return Array.isArray(rows) ? rows.filter(isWire) : []
}
