/** How long Redis is waited for, and who is told when it is lost. */
export interface ReachOptions {
  /** Milliseconds that Redis may take to answer. Default 50. */
  readonly timeoutMs?: number | undefined
  /** Called once when Redis stops answering, and `onBack` once when it answers again. Must not throw. */
  readonly onLost?: ((reason: unknown) => void) | undefined
  readonly onBack?: (() => void) | undefined
}

export interface Reach {
  /** Rejects after the timeout, and at once in the second after a failure. */
  ask<T>(question: () => Promise<T>): Promise<T>
}

const PAUSE_MS = 1000

/**
 * Asks Redis without ever waiting long for it.
 *
 * A Redis that is dead or paused would cost every request the whole timeout and leave a command in the client's queue,
 * so after one failure nobody asks for a second.
 */
export function createReach({ timeoutMs = 50, onLost, onBack }: ReachOptions): Reach {
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
    async ask(question) {
      if (performance.now() < notBefore) throw new Error('Redis did not answer a moment ago')
      try {
        const answer = await within(timeoutMs, question())
        answered()
        return answer
      } catch (reason) {
        failed(reason)
        throw reason
      }
    },
  }
}

function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      // A busy process may find its timer due and the answer received in the same turn: the answer comes first.
      setImmediate(() => reject(new Error(`Redis did not answer within ${timeoutMs} ms`)))
    }, timeoutMs)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
