import { many, type Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import { newId } from '../testing/rows.ts'
import { aStoredRow, commit, put } from '../testing/stored-rows.ts'

/** What a storage promises for domain events. */
export const domainEventPromises: readonly Promised<Storage<StoredTables>>[] = [
  {
    it: 'keeps one event of a fact that an answer and a webhook prove one after the other, the first one',
    async check(storage) {
      const fact = { objectId: newId('tx'), discriminator: 'ch_1' }
      const [first, second] = [aStoredRow('outbox', fact), aStoredRow('outbox', fact)]
      for (const event of [first, second]) {
        expect(await commit(storage, put('outbox', event, { ifAbsent: true }))).toBe('committed')
      }
      const { events } = await storage.load({ events: many('outbox', { objectId: fact.objectId }) })
      expect(events.map(({ id }) => id)).toStrictEqual([first.id])
    },
  },
  {
    it: 'keeps events of one object apart by their type and by their discriminator',
    async check(storage) {
      const objectId = newId('tx')
      const events = [
        aStoredRow('outbox', { objectId, discriminator: 'ch_1' }),
        aStoredRow('outbox', { objectId, discriminator: 'ch_2' }),
        aStoredRow('outbox', { objectId, discriminator: 'ch_1', type: 'payment.failed' }),
      ]
      await commit(storage, ...events.map((event) => put('outbox', event, { ifAbsent: true })))
      const { found } = await storage.load({ found: many('outbox', { objectId }) })
      expect(found).toHaveLength(3)
    },
  },
]
