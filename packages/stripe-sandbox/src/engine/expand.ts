import type { Context } from './context.ts'
import { invalidRequest } from './stripe-failure.ts'

type Expanded = Record<string, unknown>

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Fills in the objects that `expand` asks for. Gives a copy; the stored objects keep their ids. */
export function expandObject(context: Context, object: object, paths: readonly string[]): object {
  let result: unknown = object
  for (const path of paths) {
    const segments = path.split('.')
    // `data` in front of a list is not counted as a level.
    const levels = segments[0] === 'data' ? segments.length - 1 : segments.length
    if (levels > 4) {
      throw invalidRequest(`You cannot expand more than 4 levels of a property. Property: ${path}`, { saved: false })
    }
    result = expandPath(context, result, segments, path)
  }
  return isRecord(result) ? result : object
}

function expandPath(context: Context, value: unknown, segments: readonly string[], path: string): unknown {
  const [name, ...rest] = segments
  if (name === undefined || value === null) return value
  if (Array.isArray(value)) return value.map((entry) => expandPath(context, entry, segments, path))
  if (!isRecord(value)) throw cannotExpand(path)
  const target = resolve(context, value, name, path)
  const copy: Expanded = { ...value }
  copy[name] = expandPath(context, target, rest, path)
  return copy
}

function resolve(context: Context, owner: Readonly<Record<string, unknown>>, name: string, path: string): unknown {
  const current = owner[name]
  if (current === undefined) {
    const computed = expandOnly(context, owner, name)
    if (computed === undefined) throw cannotExpand(path)
    return computed
  }
  if (typeof current === 'string') return findById(context, current) ?? refuse(path)
  if (Array.isArray(current) && current.every((entry) => typeof entry === 'string')) {
    return current.map((id) => findById(context, id) ?? refuse(path))
  }
  if (current !== null && typeof current !== 'object') throw cannotExpand(path)
  return current
}

function expandOnly(context: Context, owner: Readonly<Record<string, unknown>>, name: string): unknown {
  if (typeof owner.object !== 'string' || typeof owner.id !== 'string') return undefined
  return context.registry.expansions.get(owner.object)?.get(name)?.(context, owner.id)
}

function findById(context: Context, id: string): object | undefined {
  for (const { name } of context.registry.expandable) {
    const row = context.state.tables.get(name)?.get(id)
    if (row !== undefined) return row
  }
  return undefined
}

const refuse = (path: string): never => {
  throw cannotExpand(path)
}

const cannotExpand = (path: string) => invalidRequest(`This property cannot be expanded (${path}).`, { saved: false })
