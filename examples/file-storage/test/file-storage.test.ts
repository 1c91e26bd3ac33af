import { mkdtempSync, rmSync } from 'node:fs'
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
