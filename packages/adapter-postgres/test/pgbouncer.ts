import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accountWithoutRoot } from '../../../test/services/account.ts'
import { makeFolder, startChild } from '../../../test/services/child.ts'
import { freePort } from '../../../test/services/port.ts'
import { findOnPath, type Service } from '../../../test/services/service.ts'

/** PgBouncer, where it is installed (Debian: apt-get install pgbouncer). */
export const pgbouncer = findOnPath('pgbouncer')

/** Starts PgBouncer in transaction mode before a database, with few connections to it, so that clients share them. */
export async function startPgBouncer(file: string, databaseUrl: string, { poolSize = 2 } = {}): Promise<Service> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const account = accountWithoutRoot()
  const folder = makeFolder('pgbouncer', account)
  const listen = await freePort()
  const users = join(folder.path, 'users')
  const config = join(folder.path, 'pgbouncer.ini')
  // Its own check of passwords is off: it listens on loopback, for this test alone.
  writeFileSync(users, `"${username}" "${password}"\n`, { mode: 0o644 })
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${port} user=${username} password=${password}`,
    '[pgbouncer]',
    ...[`listen_addr = 127.0.0.1`, `listen_port = ${listen}`, 'unix_socket_dir =', 'auth_type = any'],
    ...[
      'pool_mode = transaction',
      `default_pool_size = ${poolSize}`,
      'server_round_robin = 1',
      'max_client_conn = 100',
    ],
  ]
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o644 })
  const child = await startChild({
    ...{ file, args: [config], account, ready: 'process up', stopSignal: 'SIGINT', killSignal: 'SIGKILL' },
  })
  return {
    url: `postgres://${username}:${password}@127.0.0.1:${listen}${pathname}`,
    async stop() {
      await child.stop()
      folder.remove()
    },
  }
}
