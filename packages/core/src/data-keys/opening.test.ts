import { describe, expect, it } from 'vitest'
import { damagePayment } from '../../test/damaged.ts'
import { aProcess, descriptionOf, nodes, pay, ring, type Store } from '../../test/sealed-process.ts'
import { keyIdOf } from '../cipher/envelope.ts'
import { webCipher } from '../cipher/web-cipher.ts'
import { memoryStorage } from '../memory/index.ts'
import type { Cipher, DataKey } from '../ports/cipher.ts'
import { due, many, next, one, page } from '../ports/storage.ts'
import { aPaymentRow, newId } from '../testing/rows.ts'

describe('what was opened', () => {
  /** A process that counts the texts that are deciphered. */
  function aReader(store: Store, { now = (): number => 1_800_000_000_000 } = {}) {
    let deciphered = 0
    const counting: Cipher = {
      ...nodes,
      async openKey(id, wrapped) {
        const key = await nodes.openKey(id, wrapped)
        const openText: DataKey['openText'] = (sealed, place) => {
          deciphered += 1
          return key.openText(sealed, place)
        }
        return { ...key, openText }
      },
    }
    const process = aProcess(store, { cipher: counting, now })
    const read = async (id: string) => [await descriptionOf(process, id), deciphered]
    return { read }
  }

  it('is deciphered once, and again once it was written anew', async () => {
    const store = memoryStorage()
    const { storage } = aProcess(store)
    const payment = aPaymentRow({ description: 'a secret' })
    await pay(storage, payment)
    const { read } = aReader(store)
    expect(await read(payment.id)).toEqual(['a secret', 1])
    expect(await read(payment.id)).toEqual(['a secret', 1])
    await pay(storage, { ...payment, version: 1, description: 'another' })
    expect(await read(payment.id)).toEqual(['another', 2])
  })

  it('is deciphered again after nobody asked for it for two minutes', async () => {
    const store = memoryStorage()
    let now = 1_800_000_000_000
    const payment = aPaymentRow({ description: 'a secret' })
    const other = aPaymentRow({ description: 'another' })
    for (const one of [payment, other]) await pay(aProcess(store).storage, one)
    const { read } = aReader(store, { now: () => now })
    expect(await read(payment.id)).toEqual(['a secret', 1])
    for (let minutes = 1; minutes <= 3; minutes += 1) {
      now += 60_000
      expect(await read(payment.id)).toEqual(['a secret', 1])
    }
    for (let minutes = 1; minutes <= 2; minutes += 1) {
      now += 60_000
      expect(await read(other.id)).toEqual(['another', 2])
    }
    expect(await read(payment.id)).toEqual(['a secret', 3])
  })

  it('opens nowhere else, where somebody copied it', async () => {
    const store = memoryStorage()
    const process = aProcess(store)
    const [theirs, mine] = [aPaymentRow({ description: 'a secret' }), aPaymentRow({ description: 'mine' })]
    for (const one of [theirs, mine]) await pay(process.storage, one)
    expect(await descriptionOf(process, theirs.id)).toBe('a secret')
    const stored = await store.load({
      theirs: one('transactions', { id: theirs.id }),
      mine: one('transactions', { id: mine.id }),
    })
    if (!stored.theirs || !stored.mine) throw new Error('they were just stored')
    const copied = { ...stored.mine, description: stored.theirs.description }
    await store.commit({ id: newId('commit'), changes: [{ table: 'transactions', row: copied }] })
    await expect(descriptionOf(process, mine.id)).rejects.toMatchObject({ kind: 'defect' })
  })
})

it('fails once where several values do not open and a key is gone, with a cipher that takes its time', async () => {
  const store = memoryStorage()
  const payments = [1, 2, 3].map((n) => aPaymentRow({ description: `no. ${n}`, metadata: { n: `${n}` } }))
  for (const payment of payments) await pay(aProcess(store).storage, payment)
  const stored = await store.load({ payments: many('transactions', {}) })
  const altered = stored.payments.map((row, index) => {
    const description = row.description ?? ''
    const [keyId, other] = [keyIdOf(description), 'key_that_is_gone']
    return { ...row, description: index < 2 ? `${description.slice(0, -4)}AAAA` : description.replace(keyId, other) }
  })
  const changes = altered.map((row) => ({ table: 'transactions', row }) as const)
  expect(await store.commit({ id: newId('commit'), changes })).toBe('committed')
  const { storage } = aProcess(store, { cipher: await webCipher(ring) })
  // Vitest fails where a rejection is heard by nobody.
  await expect(storage.load({ payments: many('transactions', {}) })).rejects.toMatchObject({ kind: 'defect' })
})

describe('a value that does not open', () => {
  const NOW = '2026-01-01T00:00:00.000Z'

  /** Two payments that are due, each of its own user, of which one is damaged. */
  async function damaged(damage: (store: Store, id: string) => Promise<unknown>) {
    const store = memoryStorage()
    const rows = ['user_1', 'user_2'].map((userId) => aPaymentRow({ userId, description: 'a secret', dueAt: NOW }))
    const before = aProcess(store)
    for (const row of rows) await pay(before.storage, row)
    const [broken, whole] = rows.map(({ id }) => id)
    await damage(store, broken ?? '')
    const { storage, told } = aProcess(store)
    return { store, storage, told, broken: broken ?? '', whole: whole ?? '' }
  }

  const cases = {
    'since its key was altered': async (store: Store) => {
      const { key } = await store.load({ key: one('data_keys', { subject: 'user:user_1', isCurrent: true }) })
      if (!key) throw new Error('it is stored')
      await store.commit({
        id: newId('commit'),
        changes: [{ table: 'data_keys', row: { ...key, wrapped: 'altered' } }],
      })
    },
    'since it was altered': async (store: Store, id: string) => void (await damagePayment(store, id)),
    'since it is no sealed value at all': async (store: Store, id: string) => {
      const { row } = await store.load({ row: one('transactions', { id }) })
      if (!row) throw new Error('it is stored')
      const plain = { ...row, description: 'in clear' }
      await store.commit({ id: newId('commit'), changes: [{ table: 'transactions', row: plain }] })
    },
  }

  it.each(Object.entries(cases))('%s keeps no other from its turn', async (_, damage) => {
    const { storage, whole, broken } = await damaged(damage)
    const { rows } = await storage.load({ rows: due('transactions', NOW, 1) })
    expect(rows.map(({ id }) => id)).toEqual([whole])
    await expect(storage.load({ payment: one('transactions', { id: broken }) })).rejects.toMatchObject({
      kind: 'defect',
    })
    expect((await storage.load({ payment: one('transactions', { id: whole }) })).payment?.description).toBe('a secret')
  })

  it.each(Object.entries(cases))('%s is told of once, however it is looked for', async (_, damage) => {
    const { store, storage, told, broken } = await damaged(damage)
    const slow = aProcess(store, { cipher: await webCipher(ring) })
    const ofPage = page('transactions', { userId: 'user_1' }, { limit: 2 })
    for (const process of [{ storage, told }, slow]) {
      for (const found of [one('transactions', { id: broken }), ofPage, next('transactions', 2)]) {
        await expect(process.storage.load({ found })).rejects.toMatchObject({ kind: 'defect' })
      }
      expect(process.told).toEqual([{ what: 'row_unreadable', table: 'transactions', id: broken }])
    }
  })

  it('under a key that does not open nothing is sealed', async () => {
    const { storage } = await damaged(cases['since its key was altered'])
    const another = aPaymentRow({ userId: 'user_1', description: 'another secret' })
    await expect(pay(storage, another)).rejects.toMatchObject({ kind: 'defect' })
    expect((await storage.load({ payment: one('transactions', { id: another.id }) })).payment).toBeUndefined()
  })
})
