import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import { aStoredRow, commit, put, read } from '../testing/stored-rows.ts'
import { type Prunable, prunables, type Retention } from './retention.ts'
import type { Storage } from './storage.ts'
import type { StoredTables, TableName } from './tables.ts'

/** A storage with what lets go of its rows. */
export interface PrunedStorage {
  readonly storage: Storage<StoredTables>
  readonly retention: Retention
}

const before = '2020-06-01T00:00:00.000Z'
const old = '2020-05-31T23:59:59.999Z'
const bytes = new Uint8Array([1, 2, 3])

interface Case {
  readonly table: TableName
  /** Rows that go, or lose what they carry. */
  readonly gone: () => readonly StoredTables[TableName][]
  /** Rows that stay as they are. */
  readonly kept: () => readonly StoredTables[TableName][]
  /** What is left of a row; undefined where it goes. */
  readonly left?: object
}

const done = { status: 'done', dueAt: null } as const
const cases: Readonly<Record<Prunable, Case>> = {
  operations: {
    table: 'operations',
    gone: () => [1, 2, 3].map(() => aStoredRow('operations', { ...done, completedAt: old })),
    kept: () => [
      aStoredRow('operations', { ...done, completedAt: before }),
      aStoredRow('operations', { status: 'open', dueAt: old, createdAt: old, completedAt: null }),
    ],
  },
  payloads: {
    table: 'webhook_events',
    gone: () =>
      (['processed', 'ignored', 'processed'] as const).map((status) => ({
        ...aStoredRow('webhook_events', { status, occurredAt: old }),
        payload: bytes,
      })),
    kept: () => [
      { ...aStoredRow('webhook_events', { occurredAt: before }), payload: bytes },
      { ...aStoredRow('webhook_events', { occurredAt: old, status: 'failed', dueAt: old }), payload: bytes },
      { ...aStoredRow('webhook_events', { occurredAt: old, status: 'received' }), payload: bytes },
    ],
    left: { payload: null },
  },
  event_data: {
    table: 'outbox',
    gone: () => [1, 2, 3].map(() => aStoredRow('outbox', { status: 'delivered', dueAt: null, updatedAt: old })),
    kept: () => [
      aStoredRow('outbox', { status: 'delivered', dueAt: null, updatedAt: before }),
      aStoredRow('outbox', { status: 'pending', dueAt: old, updatedAt: old }),
      aStoredRow('outbox', { status: 'dead', dueAt: null, updatedAt: old }),
    ],
    left: { data: null },
  },
  leases: {
    table: 'leases',
    gone: () => [1, 2, 3].map(() => aStoredRow('leases', { operationId: null, expiresAt: old })),
    kept: () => [
      aStoredRow('leases', { operationId: null, expiresAt: before }),
      aStoredRow('leases', { operationId: newId('operation'), expiresAt: old }),
    ],
  },
  webhook_events: {
    table: 'webhook_events',
    gone: () => [],
    kept: () => [
      aStoredRow('webhook_events', { occurredAt: before }),
      aStoredRow('webhook_events', { occurredAt: old, status: 'failed', dueAt: old }),
      aStoredRow('webhook_events', { occurredAt: old, status: 'received' }),
    ],
  },
}

/** Everything old that earlier checks left behind, so that a check counts its own rows alone. */
async function emptied({ retention }: PrunedStorage, what: Prunable): Promise<void> {
  while ((await retention.prune(what, { before, limit: 1000 })) > 0);
}

const ofCase = (what: Prunable): readonly Promised<PrunedStorage>[] => {
  const { table, gone, kept, left } = cases[what]
  return [
    {
      it: `prunes ${what}: what is done and old, to the millisecond, and nothing else`,
      async check(pruned) {
        await emptied(pruned, what)
        const { storage, retention } = pruned
        const [going, staying] = [gone(), kept()]
        await commit(storage, ...[...going, ...staying].map((row) => put(table, row)))
        expect(await retention.prune(what, { before, limit: 100 })).toBe(going.length)
        expect(await retention.prune(what, { before, limit: 100 })).toBe(0)
        for (const row of going) {
          const found = await read(storage, table, row.id)
          if (left) expect(found).toStrictEqual({ ...row, ...left, version: 2 })
          else expect(found).toBeUndefined()
        }
        for (const row of staying) expect(await read(storage, table, row.id)).toStrictEqual({ ...row, version: 1 })
      },
    },
    {
      it: `prunes no more ${what} at once than asked`,
      async check(pruned) {
        await emptied(pruned, what)
        const { storage, retention } = pruned
        const going = gone()
        await commit(storage, ...going.map((row) => put(table, row)))
        const counts: number[] = []
        do counts.push(await retention.prune(what, { before, limit: 2 }))
        while (counts.at(-1) !== 0)
        expect(counts).toStrictEqual(going.length === 0 ? [0] : [2, 1, 0])
      },
    },
  ]
}

/** Everything that a Retention promises. */
export const retentionPromises: readonly Promised<PrunedStorage>[] = [
  ...prunables.flatMap(ofCase),
  {
    it: 'frees the key of an operation that it lets go',
    async check(pruned) {
      const { storage, retention } = pruned
      const key = { callerScope: newId('tx'), callerKey: 'key' }
      await commit(storage, put('operations', aStoredRow('operations', { ...done, ...key, completedAt: old })))
      await retention.prune('operations', { before, limit: 1000 })
      expect(await commit(storage, put('operations', aStoredRow('operations', key)))).toBe('committed')
    },
  },
  {
    it: 'keeps that an event was told, so that its fact is not told again',
    async check(pruned) {
      const { storage, retention } = pruned
      const told = aStoredRow('outbox', { status: 'delivered', dueAt: null, updatedAt: old })
      await commit(storage, put('outbox', told))
      await emptied(pruned, 'event_data')
      const { objectId, type, discriminator } = told
      const again = aStoredRow('outbox', { objectId, type, discriminator })
      expect(await commit(storage, put('outbox', again, { ifAbsent: true }))).toBe('committed')
      expect(await read(storage, 'outbox', again.id)).toBeUndefined()
      expect(await retention.prune('event_data', { before, limit: 10 })).toBe(0)
    },
  },
  {
    it: 'answers conflict for a change that was decided on before the row was pruned',
    async check(pruned) {
      const { storage } = pruned
      const row = { ...aStoredRow('webhook_events', { occurredAt: old }), payload: bytes }
      await commit(storage, put('webhook_events', row))
      await emptied(pruned, 'payloads')
      expect(await commit(storage, put('webhook_events', { ...row, version: 1 }))).toBe('conflict')
    },
  },
  {
    it: 'lets go of applied events in the end, and takes new ones of any time as before',
    async check({ storage, retention }) {
      const later = { now: '2090-06-01T00:00:00.000Z', before: '2090-01-01T00:00:00.000Z' }
      const [applied, failed] = (['processed', 'failed'] as const).map((status) =>
        aStoredRow('webhook_events', { status, occurredAt: new Date().toISOString() }),
      )
      if (!applied || !failed) throw new Error('two rows were made')
      await commit(storage, put('webhook_events', applied), put('webhook_events', failed))
      await retention.rotate(later)
      while ((await retention.prune('webhook_events', { before: later.before, limit: 1000 })) > 0);
      expect(await read(storage, 'webhook_events', applied.id)).toBeUndefined()
      expect(await read(storage, 'webhook_events', failed.id)).toStrictEqual({ ...failed, version: 1 })
      const retried = put('webhook_events', { ...failed, version: 1, status: 'processed', dueAt: null })
      expect(await commit(storage, retried)).toBe('committed')
      for (const occurredAt of [old, new Date().toISOString(), later.before, later.now]) {
        expect(await commit(storage, put('webhook_events', aStoredRow('webhook_events', { occurredAt })))).toBe(
          'committed',
        )
      }
    },
  },
  {
    it: 'drops no event that is not old, and none that failed, however often and from however many processes at once',
    async check({ storage, retention }) {
      const now = new Date().toISOString()
      const rows = [
        aStoredRow('webhook_events', { occurredAt: now }),
        aStoredRow('webhook_events', { occurredAt: old, status: 'failed', dueAt: old }),
      ]
      await commit(storage, ...rows.map((row) => put('webhook_events', row)))
      await Promise.all([1, 2, 3].map(() => retention.rotate({ now, before })))
      await retention.rotate({ now, before })
      for (const row of rows) {
        expect(await read(storage, 'webhook_events', row.id)).toStrictEqual({ ...row, version: 1 })
      }
    },
  },
]
