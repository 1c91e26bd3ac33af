import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { Storage } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'

/** A storage in one file, for one process: all rows are in memory, and written out with every commit. */
export function fileStorage(path: string): Storage {
  const rows = existsSync(path) ? memoryStorage({ snapshot: readFileSync(path, 'utf8') }) : memoryStorage()
  let written: Promise<void> = Promise.resolve()
  return {
    load: (query) => rows.load(query),
    async commit(commit) {
      const outcome = await rows.commit(commit)
      // One after the other, each over a copy: a crash leaves the file of before or the one of after.
      written = written.then(async () => {
        await writeFile(`${path}.new`, rows.snapshot())
        await rename(`${path}.new`, path)
      })
      await written
      return outcome
    },
  }
}
