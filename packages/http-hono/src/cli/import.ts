import type { ImportProgress } from '@florin/core'
import type { GivenFlags, Program } from './program.ts'
import { withFlorin } from './with-florin.ts'

const BAR = 28

/** Brings the account's objects in that are not here yet. */
export function importAccount(program: Program, flags: GivenFlags): Promise<number> {
  return withFlorin(program, async (florin) => {
    const imported = await florin.maintenance.importAccount({
      emit: flags.isSet('emit'),
      onProgress(progress) {
        if (program.redraw) program.redraw(barOf(progress))
        // Where nobody watches a line per kind is enough: an account of many customers takes its time.
        else if (progress.isDone) program.complain(barOf(progress))
      },
    })
    program.redraw?.('')
    for (const [kind, { read, adopted }] of Object.entries(imported)) {
      program.print(`${nameOf(kind).padEnd(16)} ${adopted} new of ${read}`)
    }
    return 0
  })
}

/** How many kinds are done is all that can be told: Stripe does not say how many objects there are. */
function barOf({ kind, read, adopted, done, of }: ImportProgress): string {
  const filled = Math.round((done / of) * BAR)
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}] ${done}/${of}  ${nameOf(kind)}: ${read} read, ${adopted} new`
}

const nameOf = (kind: string): string => `${kind.replace('_', ' ')}s`
