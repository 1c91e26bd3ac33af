import type { Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { aStoredRow, commit, put, read } from '../testing/stored-rows.ts'

/** What a storage promises for the audit log. */
export const auditPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'refuses to replace a line of the audit log, and writes nothing of that commit',
    async check(storage) {
      const line = aStoredRow('audit_log')
      const beside = aStoredRow('leases')
      await commit(storage, put('audit_log', line))
      const forged = { ...line, version: 1, outcome: 'forged' }
      const change = commit(storage, put('leases', beside), put('audit_log', forged))
      await expect(change).rejects.toMatchObject({ kind: 'defect' })
      expect(await read(storage, 'audit_log', line.id)).toStrictEqual({ ...line, version: 1 })
      expect(await read(storage, 'leases', beside.id)).toBeUndefined()
    },
  },
]
