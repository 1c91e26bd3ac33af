/** Is told when Redis stops answering and when it answers again, once each time. Must not throw. */
export interface ReachEvents {
  readonly onLost?: ((reason: unknown) => void) | undefined
  readonly onBack?: (() => void) | undefined
}

export interface Reach {
  /** Rejects after 50 ms. In the second after a failure it rejects at once, unless the question must be asked. */
  ask<T>(question: () => Promise<T>, options?: { readonly always?: boolean }): Promise<T>
}

const DEADLINE_MS = 50
const PAUSE_MS = 1000

/**
 * Asks Redis without ever waiting long for it.
 *
 * A Redis that is dead or paused would cost every request the whole deadline and leave a command in the client's queue,
 * so after one failure nobody asks for a second.
 */
export function createReach({ onLost, onBack }: ReachEvents): Reach {
  let lost = false
  let notBefore = 0

  const failed = (reason: unknown): void => {
    notBefore = performance.now() + PAUSE_MS
    if (!lost) onLost?.(reason)
    lost = true
  }
  const answered = (): void => {
    notBefore = 0
    if (lost) onBack?.()
    lost = false
  }

  return {
    async ask(question, { always = false } = {}) {
      if (!always && performance.now() < notBefore) throw new Error('Redis did not answer a moment ago')
      try {
        const answer = await withinDeadline(question())
        answered()
        return answer
      } catch (reason) {
        failed(reason)
        throw reason
      }
    },
  }
}

function withinDeadline<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      // A busy process may find its timer due and the answer received in the same turn: the answer comes first.
      setImmediate(() => reject(new Error(`Redis did not answer within ${DEADLINE_MS} ms`)))
    }, DEADLINE_MS)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
