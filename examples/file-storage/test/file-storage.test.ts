import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aStoredRow, commit, describeStorage, put, read } from '@florin/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { fileStorage } from '../src/file-storage.ts'

const folder = () => mkdtempSync(join(tmpdir(), 'florin-file-storage-'))

describeStorage({
  name: 'a file',
  async open() {
    const place = folder()
    return {
      storage: fileStorage(join(place, 'rows.json')),
      close: async () => rmSync(place, { recursive: true, force: true }),
    }
  },
})

test('is there again after a restart', async () => {
  const place = folder()
  onTestFinished(() => rmSync(place, { recursive: true, force: true }))
  const payment = aStoredRow('transactions')
  await commit(fileStorage(join(place, 'rows.json')), put('transactions', payment))
  const again = fileStorage(join(place, 'rows.json'))
  expect(await read(again, 'transactions', payment.id)).toStrictEqual({ ...payment, version: 1 })
})

test('shows nothing of a commit that the disk did not take, and takes the next one', async () => {
  const place = folder()
  onTestFinished(() => rmSync(place, { recursive: true, force: true }))
  const later = join(place, 'later')
  const storage = fileStorage(join(later, 'rows.json'))
  const [lost, stored] = [aStoredRow('transactions'), aStoredRow('transactions')]
  const refused = { code: 'storage_unavailable', outcome: 'not_applied' }
  await expect(commit(storage, put('transactions', lost))).rejects.toMatchObject(refused)
  mkdirSync(later)
  expect(await commit(storage, put('transactions', stored))).toBe('committed')
  expect(await read(storage, 'transactions', lost.id)).toBeUndefined()
  expect(await read(fileStorage(join(later, 'rows.json')), 'transactions', stored.id)).toBeDefined()
})

test('does not know of a commit whose file could not be put in place', async () => {
  const place = folder()
  onTestFinished(() => rmSync(place, { recursive: true, force: true }))
  const storage = fileStorage(join(place, 'rows.json'))
  // A folder of that name, and not an empty one: no file can take its place.
  mkdirSync(join(place, 'rows.json', 'inner'), { recursive: true })
  const unknown = { code: 'storage_unavailable', outcome: 'unknown' }
  await expect(commit(storage, put('transactions', aStoredRow('transactions')))).rejects.toMatchObject(unknown)
})
