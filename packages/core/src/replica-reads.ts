import { isFlorinError } from './errors.ts'
import type { Find, Query, Storage } from './ports/storage.ts'

const AWAY_MS = 5000

/**
 * A storage whose reads ask a replica first, for what is only shown: nothing may be decided on it, since it lags.
 *
 * What one looks for by an id and the replica does not have may be too new for it, and is asked of the primary. A replica
 * that gives no answer is left alone for five seconds, and the primary answers.
 */
export function replicaReads(
  replica: Pick<Storage, 'load'>,
  primary: Storage,
  { now }: { readonly now: () => number },
): Storage {
  let awayUntil = Number.NEGATIVE_INFINITY
  return {
    async load(query) {
      if (now() < awayUntil) return primary.load(query)
      try {
        const loaded = await replica.load(query)
        return lacksOne(query, loaded) ? await primary.load(query) : loaded
      } catch (error) {
        if (!isFlorinError(error) || error.kind !== 'unavailable') throw error
        awayUntil = now() + AWAY_MS
        return primary.load(query)
      }
    },
    commit: (commit) => primary.commit(commit),
  }
}

function lacksOne(query: Query, loaded: Readonly<Record<string, unknown>>): boolean {
  return Object.entries<Find>(query).some(([name, { find }]) => find === 'one' && loaded[name] === undefined)
}
