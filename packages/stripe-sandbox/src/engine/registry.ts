import type { AnyCollection } from './collection.ts'
import type { Context } from './context.ts'
import type { ControlRoute, Method, Rendering, Route, Slice } from './slice.ts'
import type { Task } from './state.ts'

/** All slices, indexed by what is looked up. */
export interface Registry {
  readonly slices: readonly Slice[]
  readonly expandable: readonly AnyCollection[]
  readonly tasks: ReadonlyMap<string, (context: Context, task: Task) => void>
  readonly reactions: ReadonlyMap<string, readonly ((context: Context, id: string) => void)[]>
  readonly expansions: ReadonlyMap<string, ReadonlyMap<string, (context: Context, id: string) => unknown>>
  readonly renderings: ReadonlyMap<string, readonly Rendering[]>
  readonly matchRoute: (method: string, path: string) => Match<Route> | undefined
  readonly matchControl: (method: string, path: string) => Match<ControlRoute> | undefined
}

/** A route together with the ids that its path held. */
export interface Match<R> {
  readonly route: R
  readonly ids: readonly string[]
}

/** Indexes the slices. A second slice may add to what a first one declared, except for routes and tasks. */
export function createRegistry(slices: readonly Slice[]): Registry {
  const tasks = new Map<string, (context: Context, task: Task) => void>()
  const reactions = new Map<string, ((context: Context, id: string) => void)[]>()
  const expansions = new Map<string, Map<string, (context: Context, id: string) => unknown>>()
  const renderings = new Map<string, Rendering[]>()
  for (const slice of slices) {
    for (const [kind, run] of Object.entries(slice.tasks ?? {})) {
      if (tasks.has(kind)) throw new Error(`two slices handle the task ${kind}`)
      tasks.set(kind, run)
    }
    for (const [type, react] of Object.entries(slice.reactions ?? {})) {
      reactions.set(type, [...(reactions.get(type) ?? []), react])
    }
    for (const [name, fields] of Object.entries(slice.expansions ?? {})) {
      expansions.set(name, new Map([...(expansions.get(name) ?? []), ...Object.entries(fields)]))
    }
    for (const [name, render] of Object.entries(slice.renderings ?? {})) {
      renderings.set(name, [...(renderings.get(name) ?? []), render])
    }
  }
  return {
    slices,
    tasks,
    reactions,
    expansions,
    renderings,
    expandable: slices.flatMap((slice) => slice.collections ?? []).filter((collection) => collection.expandable),
    matchRoute: createMatcher(slices.flatMap((slice) => slice.routes ?? [])),
    matchControl: createMatcher(slices.flatMap((slice) => slice.controls ?? [])),
  }
}

/** Finds the route of a method and path, with the ids in it. */
export function createMatcher<R extends { method: Method; path: string }>(
  routes: readonly R[],
): (method: string, path: string) => Match<R> | undefined {
  const seen = new Set<string>()
  const compiled = routes.map((route) => {
    const name = `${route.method} ${route.path.replaceAll(/:\w+/g, ':')}`
    if (seen.has(name)) throw new Error(`two routes for ${name}`)
    seen.add(name)
    return { route, segments: route.path.split('/') }
  })
  // A written-out segment wins over an id: /v1/invoices/create_preview is not the invoice "create_preview".
  compiled.sort((a, b) => wildcards(a.segments) - wildcards(b.segments))
  return (method, path) => {
    const parts = path.split('/')
    for (const { route, segments } of compiled) {
      if (route.method !== method || segments.length !== parts.length) continue
      const ids: string[] = []
      const fits = segments.every((segment, index) => {
        const part = parts[index] ?? ''
        if (!segment.startsWith(':')) return segment === part
        ids.push(decodeURIComponent(part))
        return part !== ''
      })
      if (fits) return { route, ids }
    }
    return undefined
  }
}

const wildcards = (segments: readonly string[]): number => segments.filter((segment) => segment.startsWith(':')).length
