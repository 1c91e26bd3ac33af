import type { Prunable, Retention } from '../ports/retention.ts'
import type { StoredTables, TableName } from '../ports/tables.ts'

/** The rows of a memory storage, as its retention needs them. */
export interface PrunableRows {
  all<T extends TableName>(table: T): readonly StoredTables[T][]
  /** Puts a row in the place of the one with its id. */
  replace(table: TableName, row: StoredTables[TableName]): void
  remove(table: TableName, id: string): void
}

/** Lets go of rows in memory; there are no parts of tables. */
export function memoryRetention(rows: PrunableRows): Retention {
  const removeAll = (table: TableName, old: readonly { readonly id: string }[]) => {
    for (const { id } of old) rows.remove(table, id)
    return old.length
  }
  const ways: Readonly<Record<Prunable, (before: string, limit: number) => number>> = {
    operations(before, limit) {
      const isOld = (row: StoredTables['operations']) =>
        row.status === 'done' && row.completedAt !== null && row.completedAt < before
      return removeAll('operations', rows.all('operations').filter(isOld).slice(0, limit))
    },
    payloads(before, limit) {
      const old = rows.all('webhook_events').filter((row) => isOldEvent(row, before) && row.payload !== null)
      for (const row of old.slice(0, limit)) {
        rows.replace('webhook_events', { ...row, payload: null, version: row.version + 1 })
      }
      return Math.min(old.length, limit)
    },
    event_data(before, limit) {
      const isOld = (row: StoredTables['outbox']) =>
        row.status === 'delivered' && row.updatedAt < before && row.data !== null
      const old = rows.all('outbox').filter(isOld).slice(0, limit)
      for (const row of old) rows.replace('outbox', { ...row, data: null, version: row.version + 1 })
      return old.length
    },
    leases(before, limit) {
      const isOld = (row: StoredTables['leases']) => row.operationId === null && row.expiresAt < before
      return removeAll('leases', rows.all('leases').filter(isOld).slice(0, limit))
    },
    webhook_events(before, limit) {
      const old = rows.all('webhook_events').filter((row) => isOldEvent(row, before))
      return removeAll('webhook_events', old.slice(0, limit))
    },
  }
  return {
    rotate: async () => ({ made: [], dropped: [] }),
    prune: async (what, { before, limit }) => ways[what](before, limit),
  }
}

const isOldEvent = (row: StoredTables['webhook_events'], before: string) =>
  row.occurredAt < before && (row.status === 'processed' || row.status === 'ignored')
