import type { Erasure } from '@florin/core'

/** How long to wait where the answer names no time to come. */
const LOOK_AGAIN_MS = 15_000

/** Its clock, and how it waits. */
interface Waiting {
  readonly now: () => number
  readonly wait: (milliseconds: number) => Promise<void>
}

const really: Waiting = {
  now: Date.now,
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}

/** Asks for an erasure until it has come to its end. Tells what it waits for, and again only where that has changed. */
export async function untilErased(
  erase: () => Promise<Erasure>,
  tell: (line: string) => void,
  { now, wait }: Waiting = really,
): Promise<Erasure> {
  let told = ''
  for (;;) {
    const erasure = await erase()
    if (erasure.status === 'erased') return erasure
    const line = `User ${erasure.userId} is being erased: nothing personal is shown or stored any more. ${whatFor(erasure)}`
    if (line !== told) tell(line)
    told = line
    const left = erasure.waitsFor === 'other_processes' ? Date.parse(erasure.nextAttemptAt ?? '') - now() : 0
    await wait(left > 0 ? left : LOOK_AGAIN_MS)
  }
}

function whatFor({ waitsFor, nextAttemptAt }: Erasure): string {
  return waitsFor === 'open_operations'
    ? `The key goes once no operation of the user's is open at Stripe; it is tried every ${LOOK_AGAIN_MS / 1000} seconds.`
    : `The key goes at ${nextAttemptAt}, when every server must have seen that.`
}
