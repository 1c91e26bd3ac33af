import { UnavailableError } from '@florin/core'
import { turns } from './turns.ts'

const MOST_IN_GROUP = 128

/** Statements that are under way at once: while one answers, another is being asked. */
const AT_ONCE = 2

interface Waiting<Asked, Found> {
  readonly asked: Asked
  readonly resolve: (found: Found | Promise<Found>) => void
  readonly reject: (error: unknown) => void
}

export interface LoadQueueOptions<Asked, Found> {
  readonly askOne: (asked: Asked) => Promise<Found>
  /** Answers all in their order, or rejects; then each is asked alone, so that one that fails fails alone. */
  readonly askAll: (asked: readonly Asked[]) => Promise<readonly Found[]>
  /** How many more may wait, in all the queues that share it. */
  readonly room: { left: number }
  readonly patienceMs: number
}

/**
 * Takes questions and asks them together: what comes in one turn of the loop, and what comes while statements are under
 * way.
 *
 * @throws `unavailable` overloaded when too many wait
 */
export function loadQueue<Asked, Found>({
  askOne,
  askAll,
  room,
  patienceMs,
}: LoadQueueOptions<Asked, Found>): (asked: Asked) => Promise<Found> {
  const waiting: Waiting<Asked, Found>[] = []

  async function send(group: readonly Waiting<Asked, Found>[]): Promise<void> {
    room.left += group.length
    const [first] = group
    try {
      const found =
        group.length === 1 && first ? [await askOne(first.asked)] : await askAll(group.map(({ asked }) => asked))
      for (const [index, { resolve }] of group.entries()) resolve(found[index] as Found) // one answer for each
    } catch (error) {
      for (const { asked, resolve, reject } of group) group.length === 1 ? reject(error) : resolve(askOne(asked))
    }
  }

  const begin = () => (waiting.length === 0 ? null : send(waiting.splice(0, MOST_IN_GROUP)))
  const offer = turns(begin, { atOnce: AT_ONCE, patienceMs })

  return (asked) => {
    if (room.left <= 0) {
      return Promise.reject(new UnavailableError('overloaded', 'too many reads wait for Postgres', 'not_applied'))
    }
    room.left -= 1
    return new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject })
      offer()
    })
  }
}
