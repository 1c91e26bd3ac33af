import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Promised, Skip } from './promise.ts'

export interface PromiseSuite<Port> {
  /** Names the adapter in the test titles. */
  readonly name: string
  readonly promises: readonly Promised<Port>[]
  /** Called once: all promises run on one store. */
  open(): Promise<{ readonly port: Port; close(): Promise<void> }>
  readonly skip?: readonly Skip[]
}

/** Makes a test of every promise. A skip of what nobody promises is an error: it would hide a promise that was renamed. */
export function describePromises<Port>({ name, promises, open, skip = [] }: PromiseSuite<Port>): void {
  const unknown = skip.find(({ it }) => !promises.some((promise) => promise.it === it))
  if (unknown) throw new Error(`skips what nobody promises: ${unknown.it}`)

  describe(name, () => {
    let opened: { readonly port: Port; close(): Promise<void> } | undefined
    beforeAll(async () => {
      opened = await open()
    }, 60_000)
    afterAll(() => opened?.close())

    for (const promise of promises) {
      const skipped = skip.find(({ it }) => it === promise.it)
      const title = skipped ? `${promise.it} (skipped: ${skipped.because})` : promise.it
      test.skipIf(skipped)(title, { timeout: 30_000 }, async () => {
        if (!opened) throw new Error('the store did not open')
        await promise.check(opened.port)
      })
    }
  })
}
