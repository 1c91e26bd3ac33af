import type { Florin, Observer } from '@florin/core'
import type { Program } from './program.ts'
import { withFlorin } from './with-florin.ts'

const AT_ONCE = 100

/**
 * Settles the operations that were left open, as servers do all the time. Exits 1 where some that it took up are open
 * still, or do not open: nobody settles these. Those whose turn has not come are not counted: a server is working on them, or looks for them again soon.
 */
export function recover(program: Program): Promise<number> {
  const unreadable = new Set<string>()
  const observer: Observer = {
    tell(happening) {
      if (happening.what === 'row_unreadable' && happening.table === 'operations') unreadable.add(happening.id)
    },
  }
  const settleAll = async ({ maintenance }: Florin) => {
    let settled = 0
    // Of all rounds: one that has to be looked for again later is not met by the next round.
    const open = new Map<string, string>()
    for (let isMore = true; isMore; ) {
      const round = await maintenance.recover({ limit: AT_ONCE })
      settled += round.settled
      for (const { operationId, code } of round.open) open.set(operationId, code)
      for (const id of round.settledIds) open.delete(id)
      // A round that settles none would find the same ones again.
      isMore = round.settled > 0
    }
    for (const id of unreadable) open.set(id, 'does not open: florin keys verify says why')
    for (const [operationId, code] of open) program.print(`${operationId}  ${code}`)
    program.print(`${settled} settled, ${open.size} still open`)
    return open.size > 0 ? 1 : 0
  }
  return withFlorin(program, settleAll, observer)
}
