import { z } from 'zod'
import { moveBookmark, readBookmark } from '../bookmarks/keep-bookmark.ts'
import type { Deps } from '../deps.ts'
import { type Kind, kinds } from '../observations/object-kinds.ts'
import { adopt } from './adopt.ts'
import { belongingHere } from './belongs-here.ts'
import { listObjects } from './list-objects.ts'
import { paced } from './paced.ts'
import { type Turns, turns } from './turns.ts'

/** How far the import of a kind has come. */
const place = z.object({
  /** The gateway's cursor; null at the start. */
  after: z.string().nullable(),
  isDone: z.boolean(),
  read: z.number(),
  adopted: z.number(),
})
type Place = z.output<typeof place>

const start: Place = { after: null, isDone: false, read: 0, adopted: 0 }

const bookmarkOf = (kind: Kind) => `import.${kind}`

/** How far an import has come: told after each page. */
export interface ImportProgress {
  readonly kind: Kind
  readonly isDone: boolean
  /** Objects of this kind that were listed, and those of them that were not here before. */
  readonly read: number
  readonly adopted: number
  /** Kinds that are done, of how many. */
  readonly done: number
  readonly of: number
}

/** What an import came to, by kind. */
export type Imported = Readonly<Record<Kind, { readonly read: number; readonly adopted: number }>>

export interface ImportAccount {
  /** Tells the host app all that the imported objects prove, as if it happened now. Off: nobody ships an old order again. */
  readonly emit?: boolean | undefined
  /** Is told how far it came: where a kind begins, and after each page. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
}

/**
 * Brings an existing account in, through the same join as everything else; `Maintenance.importAccount` says what is
 * promised. What is here already is left alone, so that nothing which a webhook has yet to tell is told by nobody.
 */
export async function importAccount(given: Deps, options: ImportAccount = {}): Promise<Imported> {
  const deps = paced(given)
  const places = new Map<Kind, Place>()
  for (const kind of kinds) places.set(kind, (await readBookmark(deps, bookmarkOf(kind), place)) ?? start)
  const isFinished = [...places.values()].every(({ isDone }) => isDone)
  if (isFinished) {
    // From the last kind on: broken off here, the next run finds work left and goes on with it.
    for (const kind of kinds.toReversed()) await moveBookmark(deps, bookmarkOf(kind), place, () => start)
  }
  const isOurs = belongingHere(deps)
  const all = turns()
  const imported: Partial<Record<Kind, { read: number; adopted: number }>> = {}
  for (const [done, kind] of kinds.entries()) {
    const from = isFinished ? start : (places.get(kind) ?? start)
    const tell = ({ read, adopted, isDone }: Place) =>
      options.onProgress?.({ kind, read, adopted, isDone, done: done + (isDone ? 1 : 0), of: kinds.length })
    const { read, adopted } = await importKind(deps, kind, from, { ...options, isOurs, all, tell })
    imported[kind] = { read, adopted }
  }
  all.end()
  return imported as Imported // every kind was imported
}

interface Importing {
  readonly emit?: boolean | undefined
  readonly isOurs: ReturnType<typeof belongingHere>
  readonly all: Turns
  readonly tell: (place: Place) => void
}

async function importKind(deps: Deps, kind: Kind, from: Place, { emit = false, isOurs, all, tell }: Importing) {
  let at = from
  tell(at)
  if (at.isDone) return at
  let pages = listObjects(deps, kind, from.after ?? undefined)
  let page = await pages.next().catch((error: unknown) => {
    if (from.after === null) throw error
    return undefined
  })
  if (page === undefined) {
    // The cursor is an object, which may be gone by now: the kind is listed from its start, which only costs time.
    at = start
    pages = listObjects(deps, kind)
    page = await pages.next()
  }
  // What broke is met again by the next run, also where this one is broken off: the bookmark stays before its page.
  let isWhole = true
  for (; !page.done; page = await pages.next()) {
    const { objects, next } = page.value
    let adopted = 0
    for (const { target, observations } of objects) {
      const went = await all.take(async () => {
        if (await isOurs(target)) adopted += (await adopt(deps, target, observations, { emit })) ? 1 : 0
      })
      isWhole &&= went
    }
    const isDone = next === null
    at = { after: next, isDone, read: at.read + objects.length, adopted: at.adopted + adopted }
    if (isWhole) await moveBookmark(deps, bookmarkOf(kind), place, () => at)
    tell(at)
  }
  return at
}
