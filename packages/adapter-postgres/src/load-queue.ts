import { UnavailableError } from '@florin/core'

/** Statements of one shape that are under way at once. */
const MOST_STATEMENTS = 2
const MOST_IN_GROUP = 128

/** How many may wait in all. */
const ROOM = 10_000

interface Waiting<Asked, Found> {
  readonly asked: Asked
  readonly resolve: (found: Found | Promise<Found>) => void
  readonly reject: (error: unknown) => void
}

interface Line<Asked, Found> {
  waiting: Waiting<Asked, Found>[]
  running: number
}

/**
 * Takes questions and asks those of one shape together: what comes in one turn of the loop, and what comes while
 * statements are under way. With nothing under way a question is asked at once and alone.
 *
 * `askAll` answers all in their order, or rejects; then each is asked alone, so that one that fails fails alone.
 *
 * @throws `unavailable` overloaded when too many wait
 */
export function loadQueue<Asked, Found>(
  shapeOf: (asked: Asked) => string,
  askOne: (asked: Asked) => Promise<Found>,
  askAll: (asked: readonly Asked[]) => Promise<readonly Found[]>,
): (asked: Asked) => Promise<Found> {
  const lines = new Map<string, Line<Asked, Found>>()
  const scheduled = new Set<Line<Asked, Found>>()
  let waitingInAll = 0

  function send(line: Line<Asked, Found>, group: readonly Waiting<Asked, Found>[]): void {
    line.running += 1
    waitingInAll -= group.length
    const [first] = group
    const sent =
      group.length === 1 && first
        ? askOne(first.asked).then((found) => [found])
        : askAll(group.map(({ asked }) => asked))
    sent
      .then(
        (found) => {
          for (const [index, { resolve }] of group.entries()) resolve(found[index] as Found) // one answer for each
        },
        (error: unknown) => {
          for (const { asked, resolve, reject } of group) group.length === 1 ? reject(error) : resolve(askOne(asked))
        },
      )
      .finally(() => {
        line.running -= 1
        drain(line)
      })
  }

  function drain(line: Line<Asked, Found>): void {
    while (line.running < MOST_STATEMENTS && line.waiting.length > 0) send(line, line.waiting.splice(0, MOST_IN_GROUP))
  }

  return (asked) => {
    const shape = shapeOf(asked)
    const line = lines.get(shape) ?? { waiting: [], running: 0 }
    lines.set(shape, line)
    if (waitingInAll >= ROOM) {
      return Promise.reject(new UnavailableError('overloaded', 'too many reads wait for Postgres', 'not_applied'))
    }
    waitingInAll += 1
    return new Promise((resolve, reject) => {
      line.waiting.push({ asked, resolve, reject })
      if (line.running === 0) drain(line)
      else if (line.running < MOST_STATEMENTS && !scheduled.has(line)) {
        scheduled.add(line)
        setImmediate(() => {
          scheduled.delete(line)
          drain(line)
        })
      }
    })
  }
}
