import { z } from 'zod'
import { beginInstallation } from '../bookmarks/installation-time.ts'
import { moveBookmark, readBookmark } from '../bookmarks/keep-bookmark.ts'
import type { Deps } from '../deps.ts'
import { DAY_SECONDS } from '../time.ts'
import { applyEvent } from '../webhooks/apply-event.ts'
import { eventPages } from './event-pages.ts'
import { paced } from './paced.ts'
import { turns } from './turns.ts'

const BOOKMARK = 'reconcile.events'

/** How long Stripe keeps events. */
const KEPT_SECONDS = 30 * DAY_SECONDS
/** A gap of this length leaves little time until events are gone for good. */
const LONG_GAP_SECONDS = 25 * DAY_SECONDS
/** Events of one second, or of a machine that lags, may be listed a little late: this much is read twice. */
const OVERLAP_SECONDS = 600

/** All times in the gateway's seconds. */
const place = z.object({
  /** Everything older was stored. */
  created: z.number(),
  /** When a run last came to the end; null before the first one did. */
  completedAt: z.number().nullable(),
})

/** What catching up came to. */
export interface Reconciled {
  /** Events that the gateway listed. */
  readonly read: number
  readonly processed: number
  /** Stored, but of no concern here. */
  readonly ignored: number
  /** Stored, and tried again by `retryWebhooks`. */
  readonly failed: number
  /** Had been taken before. */
  readonly duplicate: number
  /** How long nothing was read, in seconds; null at the first run. */
  readonly gapSeconds: number | null
  /**
   * `gap_over_25_days`: run it more often, the gateway forgets events after 30 days. `gap_over_30_days`: it has forgotten
   * some, only comparing every object (`findDrift`, mode `full`) finds what they said.
   */
  readonly warning: 'gap_over_25_days' | 'gap_over_30_days' | null
}

export interface ReconcileOptions {
  /** How many pages of 100 events are held in memory. */
  readonly pageLimit?: number | undefined
  /** The first run reads nothing, and the next ones what happened since: what is older is told to nobody. */
  readonly fromNow?: boolean | undefined
}

/** Catches up with the gateway's events; `Maintenance.reconcile` says what is promised. */
export async function reconcileEvents(
  given: Deps,
  { pageLimit = 10, fromNow = false }: ReconcileOptions = {},
): Promise<Reconciled> {
  const deps = paced(given)
  const startedAt = Math.floor(deps.runtime.now() / 1000)
  const known = await readBookmark(deps, BOOKMARK, place)
  const since = known ? Math.max(known.created - OVERLAP_SECONDS, 0) : startedAt - KEPT_SECONDS
  if (!known) await beginInstallation(deps, since)
  const counts = { read: 0, processed: 0, ignored: 0, failed: 0, duplicate: 0 }
  if (!known && fromNow) {
    // Later runs read a little of what lies before the bookmark once more; nothing before this moment shall be.
    await move(deps, startedAt + OVERLAP_SECONDS, startedAt)
    return { ...counts, gapSeconds: null, warning: null }
  }
  let newest = known?.created ?? since
  const all = turns()
  for await (const page of eventPages(deps.gateway.events, { since, pageLimit })) {
    for (const { event, body } of page) {
      await all.take(async () => {
        const { outcome } = await applyEvent(deps, event, body)
        counts[outcome] += 1
        counts.read += 1
        // What could not even be stored is read again the next time, and all that is newer with it.
        if (!all.isBroken) newest = Math.max(newest, event.created)
      })
    }
    await move(deps, newest, null)
  }
  all.end()
  await move(deps, newest, startedAt)
  return { ...counts, ...gapOf(known, startedAt) }
}

/** Forward only: another process may have come further meanwhile. */
function move(deps: Deps, created: number, completedAt: number | null): Promise<void> {
  return moveBookmark(deps, BOOKMARK, place, (known) => ({
    created: Math.max(created, known?.created ?? 0),
    completedAt: completedAt ?? known?.completedAt ?? null,
  }))
}

function gapOf(
  known: z.output<typeof place> | undefined,
  startedAt: number,
): Pick<Reconciled, 'gapSeconds' | 'warning'> {
  if (!known) return { gapSeconds: null, warning: null }
  // An account where nothing happens has no new events, so the last run counts too.
  const gapSeconds = Math.max(startedAt - Math.max(known.created, known.completedAt ?? 0), 0)
  if (gapSeconds > KEPT_SECONDS) return { gapSeconds, warning: 'gap_over_30_days' }
  return { gapSeconds, warning: gapSeconds > LONG_GAP_SECONDS ? 'gap_over_25_days' : null }
}
