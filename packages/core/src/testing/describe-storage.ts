import { afterAll, beforeAll, describe, test } from 'vitest'
import { storagePromises } from '../ports/storage.conformance.ts'
import type { Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import type { Skip } from './promise.ts'

/** A storage under test, and how to let it go. */
export interface OpenStorage {
  readonly storage: Storage<StoredTables>
  close(): Promise<void>
}

export interface StorageSuite {
  /** Names the adapter in the test titles. */
  readonly name: string
  /** Called once. The promises make their own rows, so the store may already hold others. */
  open(): Promise<OpenStorage>
  /** Promises that this adapter does not keep. An unknown one is an error: it would hide a promise that was renamed. */
  readonly skip?: readonly Skip[]
}

/** Checks every promise of the Storage port against an adapter. Call it at the top of a vitest file. */
export function describeStorage({ name, open, skip = [] }: StorageSuite): void {
  const unknown = skip.find(({ it }) => !storagePromises.some((promise) => promise.it === it))
  if (unknown) throw new Error(`skips what nobody promises: ${unknown.it}`)

  describe(name, () => {
    let opened: OpenStorage | undefined
    beforeAll(async () => {
      opened = await open()
    }, 60_000)
    afterAll(() => opened?.close())

    for (const promise of storagePromises) {
      const skipped = skip.find(({ it }) => it === promise.it)
      const title = skipped ? `${promise.it} (skipped: ${skipped.because})` : promise.it
      test.skipIf(skipped)(title, { timeout: 30_000 }, async () => {
        if (!opened) throw new Error('the storage did not open')
        await promise.check(opened.storage)
      })
    }
  })
}
