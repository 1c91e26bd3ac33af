import { UnavailableError } from '@florin/core'
import type { Claim, PlannedCommit } from './commit-plan.ts'
import { turns } from './turns.ts'

export type Outcome = 'committed' | 'conflict'

/**
 * Sends a group of commits. Resolves once its statement has ended, with what became of each; a promise stands where that
 * is still to be found out. Rejects where nothing of any was sent.
 */
export type SendGroup = (group: readonly PlannedCommit[]) => Promise<readonly (Outcome | Promise<Outcome>)[]>

interface Waiting extends PlannedCommit {
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
  /** How many that came earlier and write something that it writes too have not ended. */
  earlier: number
  /** Who waits for it to end, each by what both write. */
  readonly later: { readonly name: string; readonly one: Waiting }[]
  /** What those before it wrote last, by what both write. */
  readonly written: Map<string, Claim>
}

const MOST_IN_GROUP = 128
const MOST_SIZE = 4 * 2 ** 20

/** How many commits may be unsettled at once, and of what size in all. Those that settle what was sent get in twice as long. */
const ROOM = 1000
const ROOM_SIZE = 64 * 2 ** 20

/**
 * Takes commits and sends them in groups: what comes in one turn of the loop, and what comes while a statement is under
 * way. With nothing under way it goes at once, so that waiting is never added.
 *
 * Two commits that write one row or one unique key are never under way together: the later waits for the earlier, and
 * where that has overtaken it, it is a conflict without being sent.
 *
 * @throws `unavailable` overloaded when there is no room: nothing was sent
 */
export function commitQueue(send: SendGroup, patienceMs: number): (planned: PlannedCommit) => Promise<Outcome> {
  /** The last that came to write a row or key, of those that have not ended. */
  const last = new Map<string, Waiting>()
  /** Those that wait for nobody, so that no two of them write the same, nor what is being written. */
  let ready: Waiting[] = []
  let unsettled = 0
  let unsettledSize = 0
  const offer = turns(() => (ready.length === 0 ? null : flush(take())), { atOnce: 1, patienceMs })

  function enter(one: Waiting): void {
    for (const name of one.claims.keys()) {
      const before = last.get(name)
      if (before) {
        before.later.push({ name, one })
        one.earlier += 1
      }
      last.set(name, one)
    }
    if (one.earlier === 0) ready.push(one)
  }

  /** Lets those go on that waited for it. Whoever was overtaken meanwhile is answered, and lets others go on in turn. */
  function end(ended: Waiting, isCommitted: boolean): void {
    const turnedAway: Waiting[] = []
    for (let one: Waiting | undefined = ended; one; one = turnedAway.pop()) {
      unsettled -= 1
      unsettledSize -= one.size
      for (const name of one.claims.keys()) if (last.get(name) === one) last.delete(name)
      for (const { name, one: next } of one.later) {
        const own = one === ended && isCommitted ? one.claims.get(name) : undefined
        const written = own && !own.ifAbsent ? own : one.written.get(name)
        if (written) next.written.set(name, written)
        next.earlier -= 1
        if (next.earlier > 0) continue
        if (isOvertaken(next)) {
          next.resolve('conflict')
          turnedAway.push(next)
        } else ready.push(next)
      }
    }
  }

  function flush(group: readonly Waiting[]): Promise<void> {
    return send(group).then(
      (outcomes) => {
        for (const [index, one] of group.entries()) {
          const outcome = outcomes[index]
          if (typeof outcome === 'string') settle(one, outcome)
          else void finish(one, outcome)
        }
      },
      (error: unknown) => {
        for (const one of group) fail(one, error)
      },
    )
  }

  function settle(one: Waiting, outcome: Outcome): void {
    end(one, outcome === 'committed')
    one.resolve(outcome)
  }

  function fail(one: Waiting, error: unknown): void {
    end(one, false)
    one.reject(error)
  }

  async function finish(one: Waiting, outcome: Promise<Outcome> | undefined): Promise<void> {
    try {
      settle(one, (await outcome) ?? 'conflict')
    } catch (error) {
      fail(one, error)
    }
    if (ready.length > 0) offer()
  }

  function take(): readonly Waiting[] {
    let count = 0
    let size = 0
    for (const one of ready) {
      if (count === MOST_IN_GROUP || (count > 0 && size + one.size > MOST_SIZE)) break
      count += 1
      size += one.size
    }
    const group = ready.slice(0, count)
    ready = ready.slice(count)
    return group
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
      enter({ ...planned, resolve, reject, earlier: 0, later: [], written: new Map() })
      offer()
    })
  }
}

/** Whether what it was decided on has passed: sent, it would be left out. */
function isOvertaken({ claims, written }: Waiting): boolean {
  for (const [name, now] of written) {
    const claim = claims.get(name)
    if (claim && !claim.ifAbsent && (now.id !== claim.id || claim.version <= now.version)) return true
  }
  return false
}
