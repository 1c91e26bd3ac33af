import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { one, page } from '@florin/core'
import { aStoredRow, commit, put } from '@florin/core/testing'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { accountWithoutRoot } from '../../../test/services/account.ts'
import { makeFolder, startChild } from '../../../test/services/child.ts'
import { freePort } from '../../../test/services/port.ts'
import { fromPool, postgresStorage } from '../src/index.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'

/** Where the programs of the server's own version are; a replica needs them. */
function programs(version: string): string | undefined {
  const folder = `/usr/lib/postgresql/${version}/bin`
  return existsSync(folder) && readdirSync(folder).includes('pg_basebackup') ? folder : undefined
}

let database: FreshDatabase
let bin: string | undefined
beforeAll(async () => {
  database = await freshDatabase()
  const { rows } = await database.pool().query("select current_setting('server_version_num')::int / 10000 as version")
  bin = programs(String(rows[0].version))
})
afterAll(() => database.close())

/** A streaming replica of the server that the tests share. */
async function startReplica(folder: string) {
  const account = accountWithoutRoot()
  const data = join(folder, 'replica')
  mkdirSync(data, { mode: 0o700 })
  if (account) chownSync(data, account.uid, account.gid)
  execFileSync(
    join(bin ?? '', 'pg_basebackup'),
    ['-D', data, '-d', inject('databaseUrl'), '-R', '-X', 'stream', '-c', 'fast'],
    {
      ...{ cwd: '/', ...account, stdio: ['ignore', 'ignore', 'inherit'] },
    },
  )
  const port = await freePort()
  return { data, port, account }
}

test('answers what was committed, from a streaming replica, a little later', { timeout: 120_000 }, async (context) => {
  if (!bin) return context.skip('the programs of this PostgreSQL are not installed: no replica can be made')
  const folder = makeFolder('replica', accountWithoutRoot())
  const { data, port, account } = await startReplica(folder.path)
  const server = await startChild({
    file: join(bin, 'postgres'),
    // A replica takes no fewer connections than its primary.
    args: ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', '', '-c', 'max_connections=200'],
    account,
    env: { ...process.env, LC_ALL: 'C' },
    ready: 'ready to accept',
    stopSignal: 'SIGINT',
    killSignal: 'SIGQUIT',
  })
  const url = new URL(database.url)
  url.port = String(port)
  const pool = new Pool({ connectionString: url.href, max: 2, connectionTimeoutMillis: 1000 })
  pool.on('error', () => {})
  try {
    const replica = postgresStorage({ database: fromPool(pool) })
    const primary = postgresStorage({ database: fromPool(database.pool()) })
    const row = aStoredRow('transactions', { userId: 'user_replica' })
    await commit(primary, put('transactions', row))
    const query = {
      byId: one('transactions', { id: row.id }),
      list: page('transactions', { userId: 'user_replica' }, { limit: 10 }),
    }
    const stored = { ...row, version: 1 }
    const shown = () => replica.load(query).catch(() => undefined)
    await expect.poll(shown, { timeout: 60_000 }).toEqual({ byId: stored, list: [stored] })
    await expect(commit(replica, put('transactions', aStoredRow('transactions')))).rejects.toMatchObject({
      kind: 'unavailable',
      outcome: 'not_applied',
    })
  } finally {
    await pool.end()
    await server.stop()
    folder.remove()
  }
})
