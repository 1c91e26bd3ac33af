import { UnavailableError } from '@florin/core'
import type { Claim, PlannedCommit } from './commit-plan.ts'

export type Outcome = 'committed' | 'conflict'

/**
 * Sends a group of commits. Resolves once its statement has ended, with what became of each; a promise stands where that
 * is still to be found out. Rejects where nothing of any was sent.
 */
export type SendGroup = (group: readonly PlannedCommit[]) => Promise<readonly (Outcome | Promise<Outcome>)[]>

interface Waiting extends PlannedCommit {
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** Statements that are under way at once: while one commits, the next one gathers and another is being run. */
const MOST_STATEMENTS = 2
const MOST_IN_GROUP = 128
const MOST_SIZE = 4 * 2 ** 20

/** How many commits may be unsettled at once, and of what size in all. Those that settle what was sent get in twice as long. */
const ROOM = 1000
const ROOM_SIZE = 64 * 2 ** 20

/**
 * Takes commits and sends them in groups: what comes while statements are under way goes together with the next one. With
 * nothing under way a commit goes at once and alone, so that waiting is never added.
 *
 * Two commits that write one row or one unique key are never under way together: the later waits for the earlier, and
 * where that has overtaken it, it is a conflict without being sent.
 *
 * @throws `unavailable` overloaded when there is no room: nothing was sent
 */
export function commitQueue(send: SendGroup): (planned: PlannedCommit) => Promise<Outcome> {
  let waiting: Waiting[] = []
  let running = 0
  let unsettled = 0
  let unsettledSize = 0
  let scheduled = false
  const busy = new Set<string>()

  function flush(group: readonly Waiting[]): void {
    running += 1
    for (const { claims } of group) for (const name of claims.keys()) busy.add(name)
    send(group).then(
      (outcomes) => {
        running -= 1
        const known: Waiting[] = []
        for (const [index, one] of group.entries()) {
          const outcome = outcomes[index]
          if (typeof outcome === 'string') {
            release(one)
            one.resolve(outcome)
            if (outcome === 'committed') known.push(one)
          } else void finish(one, outcome)
        }
        turnAwayOvertakenBy(known)
        drain()
      },
      (error: unknown) => {
        running -= 1
        for (const one of group) {
          release(one)
          one.reject(error)
        }
        drain()
      },
    )
  }

  async function finish(one: Waiting, outcome: Promise<Outcome> | undefined): Promise<void> {
    try {
      const settled = await outcome
      release(one)
      if (settled === 'committed') turnAwayOvertakenBy([one])
      one.resolve(settled ?? 'conflict')
    } catch (error) {
      release(one)
      one.reject(error)
    }
    drain()
  }

  function release(one: Waiting): void {
    forget(one)
    for (const name of one.claims.keys()) busy.delete(name)
  }

  function forget({ size }: Waiting): void {
    unsettled -= 1
    unsettledSize -= size
  }

  /** Answers conflict to those that wait on a version that has passed now: sent, they would be left out. */
  function turnAwayOvertakenBy(committed: readonly Waiting[]): void {
    if (waiting.length === 0 || committed.length === 0) return
    const written = new Map<string, Claim>()
    for (const { claims } of committed) {
      for (const [name, claim] of claims) if (!claim.ifAbsent) written.set(name, claim)
    }
    const isOvertaken = ([name, claim]: readonly [string, Claim]) => {
      const now = written.get(name)
      return now !== undefined && !claim.ifAbsent && (now.id !== claim.id || claim.version <= now.version)
    }
    waiting = waiting.filter((one) => {
      if (![...one.claims].some(isOvertaken)) return true
      forget(one)
      one.resolve('conflict')
      return false
    })
  }

  /** Takes those from the queue that can go together, in the order in which they came. */
  function take(): readonly Waiting[] {
    const group: Waiting[] = []
    const left: Waiting[] = []
    const claimed = new Set(busy)
    let size = 0
    let looked = 0
    for (const one of waiting) {
      if (group.length === MOST_IN_GROUP || (size > 0 && size + one.size > MOST_SIZE)) break
      looked += 1
      const names = [...one.claims.keys()]
      if (names.some((name) => claimed.has(name))) left.push(one)
      else {
        group.push(one)
        size += one.size
      }
      // Of those that are left too: nobody who comes later may overtake them.
      for (const name of names) claimed.add(name)
    }
    waiting = [...left, ...waiting.slice(looked)]
    return group
  }

  function drain(): void {
    while (running < MOST_STATEMENTS && waiting.length > 0) {
      const group = take()
      if (group.length === 0) return
      flush(group)
    }
  }

  return (planned) => {
    const share = planned.commit.settles ? 2 : 1
    if (unsettled >= share * ROOM || unsettledSize >= share * ROOM_SIZE) {
      const message = 'too many commits wait for Postgres'
      return Promise.reject(new UnavailableError('overloaded', message, 'not_applied'))
    }
    unsettled += 1
    unsettledSize += planned.size
    return new Promise((resolve, reject) => {
      waiting.push({ ...planned, resolve, reject })
      if (running === 0) drain()
      else if (!scheduled && running < MOST_STATEMENTS) {
        scheduled = true
        // After this turn of the loop: what other requests of the turn commit goes along.
        setImmediate(() => {
          scheduled = false
          drain()
        })
      }
    })
  }
}
