import type { Reconciled } from '@florin/core'
import type { Program } from './program.ts'
import { withFlorin } from './with-florin.ts'

const DAY = 24 * 3600

const warnings: Readonly<Record<NonNullable<Reconciled['warning']>, string>> = {
  gap_over_25_days: 'Stripe forgets events after 30 days: run this more often',
  gap_over_30_days: 'Stripe has forgotten some of the events between: run florin doctor --drift --full --repair',
}

/** Applies Stripe's events since the last one that was read. */
export function reconcile(program: Program): Promise<number> {
  return withFlorin(program, async (florin) => {
    const done = await florin.maintenance.reconcile()
    const { read, processed, ignored, failed, duplicate, gapSeconds, warning } = done
    const counts = `${processed} processed, ${ignored} of no concern, ${duplicate} known, ${failed} failed`
    program.print(`${read} events read: ${counts}`)
    const days = Math.floor((gapSeconds ?? 0) / DAY)
    if (warning) program.complain(`Nothing had been read for ${days} days. ${warnings[warning]}.`)
    if (failed > 0) program.complain('What failed is kept, and tried again by the server.')
    return failed > 0 ? 1 : 0
  })
}
