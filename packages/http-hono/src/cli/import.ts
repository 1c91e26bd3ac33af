import type { Imported, ImportProgress } from '@florin/core'
import { countNobodysCustomers, watchNobodys } from './nobodys-rows.ts'
import type { GivenFlags, Program } from './program.ts'
import { withFlorin } from './with-florin.ts'

const BAR = 28

/** Brings the account's objects in that are not here yet, and says what of it is nobody's. */
export function importAccount(program: Program, flags: GivenFlags): Promise<number> {
  return withFlorin(program, async (florin, database) => {
    const countLinked = await watchNobodys(database)
    const imported = await florin.maintenance.importAccount({
      emit: flags.isSet('emit'),
      onProgress(progress) {
        if (program.redraw) program.redraw(barOf(progress))
        // Where nobody watches a line per kind is enough: an account of many customers takes its time.
        else if (progress.isDone) program.complain(barOf(progress))
      },
    })
    program.redraw?.('')
    const linked = await countLinked()
    const kinds = Object.keys(imported) as readonly (keyof Imported)[] // its type says that it names every kind once
    for (const kind of kinds) {
      const { read, adopted } = imported[kind]
      const links = linked[kind] > 0 ? `, ${linked[kind]} linked to a user` : ''
      program.print(`${nameOf(kind).padEnd(16)} ${adopted} new of ${read}${links}`)
    }
    const count = await countNobodysCustomers(database)
    if (count > 0) {
      const [belong, them] = count === 1 ? ['customer belongs', 'it'] : ['customers belong', 'them']
      program.complain(
        `${count} ${belong} to no user: set metadata.florin_user on ${them} at Stripe and import again (docs/migrating.md).`,
      )
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
