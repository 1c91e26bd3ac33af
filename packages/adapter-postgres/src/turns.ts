/** Statements that are under way at once, at most. */
const MOST_AT_ONCE = 4

/** What a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1

export interface TurnsOptions {
  /** How many are under way at once as a rule. */
  readonly atOnce: number
  /** How long one may take before another goes beside it, in milliseconds. */
  readonly patienceMs: number
}

/**
 * Has few statements of a queue sent at once: what comes meanwhile goes together with the next one, which costs the server
 * and Postgres far less than another one beside it. Others go beside what takes long, because Postgres is far away or it
 * waits for a lock.
 *
 * @param begin sends what waits and resolves, never rejects, once that has ended; null where nothing waits
 * @returns what to call when something has come
 */
export function turns(begin: () => Promise<void> | null, { atOnce, patienceMs }: TurnsOptions): () => void {
  let running = 0
  let latest = 0
  let isScheduled = false
  let isPatient = false

  function go(): void {
    while (running < atOnce || (running < MOST_AT_ONCE && performance.now() - latest >= patienceMs)) {
      const ended = begin()
      if (!ended) return
      running += 1
      latest = performance.now()
      void ended.then(() => {
        running -= 1
        go()
      })
    }
    if (isPatient || running === MOST_AT_ONCE) return
    isPatient = true
    const left = latest + patienceMs - performance.now()
    setTimeout(
      () => {
        isPatient = false
        go()
      },
      Math.min(Math.ceil(left), LONGEST_MS),
    )
  }

  return () => {
    if (isScheduled) return
    isScheduled = true
    // At the end of this turn of the loop: what other requests of the turn bring goes along.
    setImmediate(() => {
      isScheduled = false
      go()
    })
  }
}
