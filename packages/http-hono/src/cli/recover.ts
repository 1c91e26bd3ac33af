import type { Recovered } from '@florin/core'
import type { Program } from './program.ts'
import { withFlorin } from './with-florin.ts'

const AT_ONCE = 100

/**
 * Settles the operations that were left open, as servers do all the time. Exits 1 where some are open still: those that
 * a server is working on are not counted.
 */
export function recover(program: Program): Promise<number> {
  return withFlorin(program, async ({ maintenance }) => {
    let settled = 0
    let open: Recovered['open'] = []
    for (let isMore = true; isMore; ) {
      const round = await maintenance.recover({ limit: AT_ONCE })
      settled += round.settled
      open = round.open
      // A round that settles none would find the same ones again.
      isMore = round.settled > 0
    }
    for (const { operationId, code } of open) program.print(`${operationId}  ${code}`)
    program.print(`${settled} settled, ${open.length} still open`)
    return open.length > 0 ? 1 : 0
  })
}
