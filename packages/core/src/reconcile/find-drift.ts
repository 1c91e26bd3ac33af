import { z } from 'zod'
import { moveBookmark, readBookmark } from '../bookmarks/keep-bookmark.ts'
import type { Deps } from '../deps.ts'
import { kinds } from '../observations/object-kinds.ts'
import type { ObjectRef } from '../ports/gateway.ts'
import { DAY_SECONDS } from '../time.ts'
import { belongingHere } from './belongs-here.ts'
import type { Difference } from './drift.ts'
import { examine, examineListed } from './examine.ts'
import { listObjects, storedIds } from './list-objects.ts'
import { paced } from './paced.ts'
import { type Turns, turns } from './turns.ts'

const BOOKMARK = 'drift.changed'
const OVERLAP_SECONDS = 600

export interface FindDrift {
  /** `changed`: what events told of since the last time that all was right. `full`: every object, stored or listed. */
  readonly mode: 'changed' | 'full'
  /** For `changed`: from when on, in the gateway's seconds, instead of since the last time; at first a day. */
  readonly since?: number | undefined
  /** Is told each difference at once. */
  readonly onDifference?: ((difference: Difference) => void) | undefined
}

/** What comparing came to. */
export interface Drift {
  readonly mode: FindDrift['mode']
  /** Objects that were compared. */
  readonly compared: number
  readonly differences: readonly Difference[]
}

/** Compares what is stored with what the gateway tells; `Maintenance.findDrift` says what is promised. */
export async function findDrift(given: Deps, { mode, since, onDifference }: FindDrift): Promise<Drift> {
  const deps = paced(given)
  const differences: Difference[] = []
  // Customers whose own user is stored wrong, so that it tells nothing of whose their objects are.
  const ownersInDoubt = new Set<string>()
  const found: Found = {
    ownersInDoubt,
    isOurs: belongingHere(deps),
    all: turns(),
    tell(difference) {
      differences.push(difference)
      const { object, table, gatewayId, what } = difference
      if (object === 'customer' && what === 'different' && difference.fields.some(({ field }) => field === 'userId')) {
        ownersInDoubt.add(gatewayId)
      }
      deps.observer.tell({ what: 'drift_found', table, difference: what, id: difference.id, gatewayId })
      onDifference?.(difference)
    },
  }
  const compared =
    mode === 'full' ? await compareAll(deps, found) : await compareChanged(deps, since, found, differences)
  found.all.end()
  return { mode, compared, differences }
}

interface Found {
  readonly ownersInDoubt: ReadonlySet<string>
  readonly isOurs: ReturnType<typeof belongingHere>
  readonly all: Turns
  tell(difference: Difference): void
}

/** First what the gateway lists, then the stored rows that no list showed: deleted there, detached, or never there. */
async function compareAll(deps: Deps, { ownersInDoubt, isOurs, all, tell }: Found): Promise<number> {
  const { installation } = deps.settings
  let compared = 0
  for (const kind of kinds) {
    const seen = new Set<string>()
    for await (const { objects } of listObjects(deps, kind)) {
      for (const { target, observations } of objects) {
        seen.add(target.gatewayId)
        if (target.installation !== null && target.installation !== installation) continue
        compared += 1
        const ref = { object: kind, gatewayId: target.gatewayId }
        await all.take(async () => {
          const difference = await examineListed(deps, ref, observations, ownersInDoubt)
          if (difference && (difference.what !== 'missing' || (await isOurs(target)))) tell(difference)
        })
      }
    }
    // What the gateway has not made yet is recovery's affair.
    for await (const gatewayId of storedIds(deps, kind)) {
      if (seen.has(gatewayId)) continue
      compared += 1
      await all.take(async () => {
        const { difference } = await examine(deps, { object: kind, gatewayId }, { ownersInDoubt })
        if (difference) tell(difference)
      })
    }
  }
  return compared
}

const place = z.object({ created: z.number() })

async function compareChanged(
  deps: Deps,
  since: number | undefined,
  { ownersInDoubt, isOurs, all, tell }: Found,
  differences: readonly Difference[],
): Promise<number> {
  const now = Math.floor(deps.runtime.now() / 1000)
  const known = await readBookmark(deps, BOOKMARK, place)
  const from = since ?? (known ? known.created - OVERLAP_SECONDS : now - DAY_SECONDS)
  const refs = await namedSince(deps, Math.max(from, 0))
  for (const ref of refs) {
    await all.take(async () => {
      const { difference, told } = await examine(deps, ref, { ownersInDoubt })
      const isAnothers = difference?.what === 'missing' && told !== undefined && !(await isOurs(told))
      if (difference && !isAnothers) tell(difference)
    })
  }
  // What was found and not repaired must be found again, so the mark stays where all was right.
  if (differences.length === 0 && !all.isBroken && since === undefined) {
    await moveBookmark(deps, BOOKMARK, place, (before) => ({ created: Math.max(now, before?.created ?? 0) }))
  }
  return refs.length
}

/** The objects that events told of, each once, those that others need first. */
async function namedSince({ gateway }: Deps, since: number): Promise<readonly ObjectRef[]> {
  const refs = new Map<string, ObjectRef>()
  for (let after: string | undefined; ; ) {
    const { data, next } = await gateway.events.list({ since, ...(after !== undefined && { after }) })
    for (const { object, gatewayId } of data.flatMap(({ event }) => event.observations)) {
      refs.set(gatewayId, { object, gatewayId })
    }
    if (next === null) break
    after = next
  }
  return kinds.flatMap((kind) => [...refs.values()].filter(({ object }) => object === kind))
}
