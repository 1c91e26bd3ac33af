import { UnavailableError } from '@florin/core'
import { turns } from './turns.ts'

const MOST_IN_GROUP = 128

/** How many may wait in all. */
const ROOM = 10_000

interface Waiting<Asked, Found> {
  readonly asked: Asked
  readonly resolve: (found: Found | Promise<Found>) => void
  readonly reject: (error: unknown) => void
}

/**
 * Takes questions and asks those of one shape together: what comes in one turn of the loop, and what comes while a
 * statement is under way. The shape whose first question has waited longest goes next. With nothing under way a question
 * is asked at once.
 *
 * `askAll` answers all in their order, or rejects; then each is asked alone, so that one that fails fails alone.
 *
 * @throws `unavailable` overloaded when too many wait
 */
export function loadQueue<Asked, Found>(
  shapeOf: (asked: Asked) => string,
  askOne: (asked: Asked) => Promise<Found>,
  askAll: (asked: readonly Asked[]) => Promise<readonly Found[]>,
  patienceMs: number,
): (asked: Asked) => Promise<Found> {
  // By shape, in the order in which the first question of each came.
  const lines = new Map<string, Waiting<Asked, Found>[]>()
  let waiting = 0

  function take(): readonly Waiting<Asked, Found>[] {
    for (const [shape, line] of lines) {
      const group = line.splice(0, MOST_IN_GROUP)
      lines.delete(shape)
      if (line.length > 0) lines.set(shape, line)
      waiting -= group.length
      return group
    }
    return []
  }

  async function send(group: readonly Waiting<Asked, Found>[]): Promise<void> {
    const [first] = group
    try {
      const found =
        group.length === 1 && first ? [await askOne(first.asked)] : await askAll(group.map(({ asked }) => asked))
      for (const [index, { resolve }] of group.entries()) resolve(found[index] as Found) // one answer for each
    } catch (error) {
      for (const { asked, resolve, reject } of group) group.length === 1 ? reject(error) : resolve(askOne(asked))
    }
  }

  const offer = turns(() => (waiting === 0 ? null : send(take())), { atOnce: 2, patienceMs })

  return (asked) => {
    const shape = shapeOf(asked)
    if (waiting >= ROOM) {
      return Promise.reject(new UnavailableError('overloaded', 'too many reads wait for Postgres', 'not_applied'))
    }
    waiting += 1
    return new Promise((resolve, reject) => {
      const line = lines.get(shape)
      if (line) line.push({ asked, resolve, reject })
      else lines.set(shape, [{ asked, resolve, reject }])
      offer()
    })
  }
}
