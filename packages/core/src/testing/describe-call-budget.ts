import { callBudgetPromises, type MakeCallBudget } from '../ports/call-budget.conformance.ts'
import { describePromises } from './describe-promises.ts'
import type { Skip } from './promise.ts'

export interface CallBudgetSuite {
  /** Names the adapter in the test titles. */
  readonly name: string
  /** Called once. The promises make their own budgets, which share nothing. */
  open(): Promise<{ readonly make: MakeCallBudget; close(): Promise<void> }>
  readonly skip?: readonly Skip[]
}

/** Checks every promise of the CallBudget port against an adapter. Call it at the top of a vitest file. */
export function describeCallBudget({ open, ...suite }: CallBudgetSuite): void {
  describePromises({
    ...suite,
    promises: callBudgetPromises,
    async open() {
      const { make, close } = await open()
      return { port: make, close }
    },
  })
}
