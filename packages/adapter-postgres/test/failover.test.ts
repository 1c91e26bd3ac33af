import { once } from 'node:events'
import { createServer } from 'node:net'
import { aStoredRow, commit, put, read } from '@florin/core/testing'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { fromPool, postgresStorage } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

test('keeps no connection to a server that may only read: whoever connects anew finds the primary', async () => {
  const admin = database.pool({ max: 1 })
  const name = new URL(database.url).pathname.slice(1)
  // Sessions of the moment may only read, those that begin later may write: as where a name leads to the demoted server at first.
  await admin.query(`alter database ${name} set default_transaction_read_only = on`)
  const pool = database.pool({ max: 3 })
  const storage = postgresStorage({ database: fromPool(pool) })
  const connected = await Promise.all([1, 2, 3].map(() => pool.connect()))
  for (const client of connected) client.release()
  await admin.query('begin read write')
  await admin.query(`alter database ${name} reset default_transaction_read_only`)
  await admin.query('commit')

  const row = aStoredRow('transactions')
  for (let left = pool.totalCount; left > 0; left -= 1) {
    const refused = commit(storage, put('transactions', row))
    await expect(refused).rejects.toMatchObject({ code: 'storage_unavailable', outcome: 'not_applied' })
    expect(pool.totalCount).toBe(left - 1)
  }
  expect(await commit(storage, put('transactions', row))).toBe('committed')
})

test('prepares its statements anew where a connection has lost them', async () => {
  const pool = database.pool({ max: 1 })
  const storage = postgresStorage({ database: fromPool(pool) })
  await read(storage, 'transactions', 'tx_none')
  await pool.query('deallocate all')
  await expect(read(storage, 'transactions', 'tx_none')).rejects.toThrow('SQLSTATE 26000')
  expect(await read(storage, 'transactions', 'tx_none')).toBeUndefined()
})

test('is told, and lives on, where a server that is stopping ends a connection in the packet that opens it', async () => {
  const message = (type: string, body: Buffer) => {
    const head = Buffer.alloc(5)
    head.write(type)
    head.writeInt32BE(4 + body.length, 1)
    return Buffer.concat([head, body])
  }
  const authenticated = message('R', Buffer.alloc(4))
  const ready = message('Z', Buffer.from('I'))
  const stopping = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0'))
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(Buffer.concat([authenticated, ready, stopping])))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const pool = new Pool({ host: '127.0.0.1', port, user: 'florin', database: 'florin', connectionTimeoutMillis: 2000 })
  pool.on('error', () => undefined)
  onTestFinished(async () => {
    server.close()
    await pool.end()
  })
  const storage = postgresStorage({ database: fromPool(pool) })
  const failed = { code: 'storage_unavailable' }
  await expect(read(storage, 'transactions', 'tx_none')).rejects.toMatchObject(failed)
})

test('listens to a pool once, however many storages are made over it', () => {
  const pool = database.pool()
  const before = pool.listenerCount('connect')
  for (let made = 0; made < 3; made += 1) fromPool(pool)
  expect(pool.listenerCount('connect')).toBe(before + 1)
})
