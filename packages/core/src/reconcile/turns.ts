import { isFlorinError } from '../errors.ts'

/** Lets each of many have its turn: one that breaks whoever takes it up does not keep the others from theirs. */
export interface Turns {
  /** Whether one broke by now. */
  readonly isBroken: boolean
  /**
   * Takes one up. Answers whether it went well.
   *
   * @throws `unavailable` whatever gave no answer gives the others none either
   */
  take(work: () => Promise<void>): Promise<boolean>
  /** Throws what the first one threw that broke. */
  end(): void
}

/** Nobody had a turn yet. */
export function turns(): Turns {
  const failures: unknown[] = []
  return {
    get isBroken() {
      return failures.length > 0
    },
    async take(work) {
      try {
        await work()
        return true
      } catch (error) {
        if (isFlorinError(error) && error.kind === 'unavailable') throw error
        failures.push(error)
        return false
      }
    },
    end() {
      if (failures.length > 0) throw failures[0]
    },
  }
}
