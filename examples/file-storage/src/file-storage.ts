import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { type Commit, type Storage, type StoredTables, UnavailableError } from '@florin/core'
import { memoryStorage } from '@florin/core/memory'

/** A storage in one file, for one process: all rows are in memory, and written out with every commit. */
export function fileStorage(path: string): Storage {
  let rows = existsSync(path) ? memoryStorage({ snapshot: readFileSync(path, 'utf8') }) : memoryStorage()
  let turn: Promise<unknown> = Promise.resolve()

  // Each is made on a copy, which is shown only once it is in the file. A crash leaves the file of before or of after.
  async function commitNow(commit: Commit<StoredTables>) {
    const next = memoryStorage({ snapshot: rows.snapshot() })
    const outcome = await next.commit(commit)
    if (outcome === 'conflict') return outcome
    await writeFile(`${path}.new`, next.snapshot()).catch(unavailable('not_applied'))
    await rename(`${path}.new`, path).catch(unavailable('unknown'))
    rows = next
    return outcome
  }

  return {
    load: (query) => rows.load(query),
    commit(commit) {
      // What is done to the rows while it waits is not meant.
      const given = structuredClone(commit)
      // One after the other, also after one that failed: the disk may have room again.
      const committed = turn.then(() => commitNow(given))
      turn = committed.catch(() => undefined)
      return committed
    },
  }
}

const unavailable = (outcome: 'not_applied' | 'unknown') => (cause: unknown) => {
  throw new UnavailableError('storage_unavailable', 'the file could not be written', outcome, { cause })
}
