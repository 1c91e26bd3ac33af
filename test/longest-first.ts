import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Minutes each: begun last, one of them would run alone in the end, on one of the machine's processors.
const long = /\/(convergence|faults|sigkill|cli-dev|cli-serve)\.test\.ts$/

/** Runs the files that take longest first. A fresh clone remembers no times, and vitest then goes by the files' sizes. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => long.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
