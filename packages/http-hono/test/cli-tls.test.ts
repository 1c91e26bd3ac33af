import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type SecureVersion, TLSSocket } from 'node:tls'
import { afterEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { ConfigError, readConfig } from '../src/cli/config.ts'
import { withoutTls13 } from '../src/cli/connection-tls.ts'
import { openDatabase } from '../src/cli/open-database.ts'
import { openRedis } from '../src/cli/open-redis.ts'
import { createLogger } from '../src/index.ts'

const fixture = (name: string) => join(import.meta.dirname, '__fixtures__', name)
const quiet = createLogger({ level: 'silent' })

type Certificate = 'signed' | 'other-host' | 'expired'

/**
 * Stands before a server and speaks TLS for it, with a certificate that the CA of the tests signed. Clients of Postgres
 * ask in the clear first whether it does.
 */
async function tlsFront(
  serverUrl: string,
  certificate: Certificate,
  { asks, maxVersion = 'TLSv1.3' }: { asks: boolean; maxVersion?: SecureVersion | undefined },
): Promise<URL> {
  const target = new URL(serverUrl)
  const keys = { cert: readFileSync(fixture(`${certificate}.crt`)), key: readFileSync(fixture('signed.key')) }
  const open = new Set<Socket>()
  const front = createServer(async (client) => {
    open.add(client)
    client.on('error', () => client.destroy())
    if (asks) {
      await once(client, 'readable')
      client.read(8)
      client.write('S')
    }
    const secure = new TLSSocket(client, { isServer: true, maxVersion, ...keys })
    const upstream = connect(Number(target.port), target.hostname)
    open.add(upstream)
    secure.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => secure.destroy()).pipe(secure)
  })
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  onTestFinished(() => {
    front.close()
    for (const socket of open) socket.destroy()
  })
  const url = new URL(serverUrl)
  url.host = `localhost:${(front.address() as AddressInfo).port}`
  return url
}

const complete = {
  STRIPE_SECRET_KEY: 'sk_test_abc',
  STRIPE_WEBHOOK_SECRET: 'whsec_abc',
  JWT_SECRET: 'a secret of more than thirty-two characters',
  ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
}
const configOf = (environment: Record<string, string>) =>
  readConfig(
    { environment: { ...complete, ...environment }, folder: import.meta.dirname },
    {
      uses: [
        ...(['DATABASE_URL', 'DB_HOST', 'DB_PORT', 'DB_USER', 'DB_PASSWORD', 'DB_NAME', 'DB_SSL'] as const),
        'DB_SSL_CA_FILE',
        'DB_POOL_SIZE',
        ...([
          'REDIS_URL',
          'REDIS_HOST',
          'REDIS_PORT',
          'REDIS_PASSWORD',
          'REDIS_TLS',
          'REDIS_TLS_CA_FILE',
          'REDIS_CLUSTER_NODES',
        ] as const),
      ],
    },
  )

afterEach(() => vi.unstubAllEnvs())

const refusals: readonly { why: string; certificate: Certificate; trusted: boolean; message: RegExp }[] = [
  { why: 'is not signed by a CA that is known', certificate: 'signed', trusted: false, message: /certificate/ },
  {
    why: 'is of another host',
    certificate: 'other-host',
    trusted: true,
    message: /does not match certificate's altnames/,
  },
  { why: 'has expired', certificate: 'expired', trusted: true, message: /certificate has expired/ },
]

describe('PostgreSQL over TLS', () => {
  const ask = async (environment: Record<string, string>) => {
    const { pool, close } = openDatabase(configOf(environment), quiet)
    onTestFinished(close)
    return (await pool.query('select 1 as one')).rows
  }
  const front = async (certificate: Certificate, maxVersion?: SecureVersion) =>
    tlsFront(inject('databaseUrl'), certificate, { asks: true, maxVersion })
  const CA = { DB_SSL_CA_FILE: fixture('ca.crt') }

  test.each([
    { how: 'a CA', change: (url: URL) => ({ DATABASE_URL: url.href, ...CA }) },
    {
      how: 'a CA in the URL',
      change: (url: URL) => ({ DATABASE_URL: `${url.href}?sslmode=verify-full&sslrootcert=${fixture('ca.crt')}` }),
    },
    {
      how: 'a CA, and a URL that asks for TLS',
      change: (url: URL) => ({ DATABASE_URL: `${url.href}?sslmode=require`, ...CA }),
    },
    {
      how: 'a CA, and an address instead of a name',
      change: ({ port, username, password, pathname }: URL) => ({
        ...{
          DB_HOST: '127.0.0.1',
          DB_PORT: port,
          DB_USER: username,
          DB_PASSWORD: password,
          DB_NAME: pathname.slice(1),
        },
        ...CA,
      }),
    },
  ])('answers with $how', async ({ change }) => {
    expect(await ask(change(await front('signed')))).toStrictEqual([{ one: 1 }])
  })

  test.each(refusals)(
    'is refused where its certificate $why, whatever Node is told',
    async ({ certificate, trusted, message }) => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
      vi.stubEnv('PGSSLMODE', 'no-verify')
      const { href } = await front(certificate)
      for (const url of [href, `${href}?sslmode=require`, `${href}?uselibpqcompat=true&sslmode=require`]) {
        await expect(ask({ DATABASE_URL: url, DB_SSL: 'true', ...(trusted && CA) })).rejects.toThrow(message)
      }
    },
  )

  test('is refused where it speaks TLS 1.2 at most, and what to do can be told', async () => {
    const { href } = await front('signed', 'TLSv1.2')
    for (const url of [href, `${href}?sslmode=require`]) {
      const failure: unknown = await ask({ DATABASE_URL: url, ...CA }).catch((error: unknown) => error)
      expect(failure).toMatchObject({ message: expect.stringMatching(/alert protocol version/) })
      const told =
        'the server offers no TLS 1.3, and DB_SSL takes nothing older: allow it there (ssl_max_protocol_version of PostgreSQL), or update it'
      expect(withoutTls13(failure, 'DB_SSL')).toBe(told)
      expect(withoutTls13(new Error('no connection to Postgres', { cause: failure }), 'DB_SSL')).toBe(told)
    }
    expect(withoutTls13(new Error('connect ECONNREFUSED'), 'DB_SSL')).toBeUndefined()
  })

  test('is refused where it speaks no TLS', async () => {
    await expect(ask({ DATABASE_URL: inject('databaseUrl'), DB_SSL: 'true' })).rejects.toThrow(/does not support SSL/)
  })

  test.each([
    {
      query: 'sslmode=no-verify',
      ssl: 'false',
      message:
        'says in sslmode that any certificate will do: use sslmode=verify-full, with DB_SSL_CA_FILE for a CA of your own',
    },
    { query: 'ssl=no-verify', ssl: 'true', message: /any certificate will do/ },
    { query: 'sslmode=prefer', ssl: 'false', message: /any certificate will do/ },
    { query: 'sslmode=verify', ssl: 'false', message: /has an sslmode that is not known/ },
    { query: 'sslmode=disable', ssl: 'true', message: 'turns TLS off in sslmode, but DB_SSL wants it' },
  ])('$query is refused in the URL', ({ query, ssl, message }) => {
    const read = () => configOf({ DATABASE_URL: `postgres://u:p@h/d?${query}`, DB_SSL: ssl })
    const text = expect.stringMatching(message)
    expect(read).toThrow(expect.objectContaining({ problems: [{ name: 'DATABASE_URL', message: text }] }))
    expect(read).toThrow(ConfigError)
  })
})

describe('Redis over TLS', () => {
  const ask = async (environment: Record<string, string>) => {
    const lines: string[] = []
    const logger = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } })
    const redis = await openRedis(configOf(environment), logger)
    onTestFinished(() => redis.disconnect())
    return redis.status === 'ready' ? redis.ping() : lines.join('')
  }
  const front = async (certificate: Certificate, maxVersion?: SecureVersion) =>
    tlsFront(inject('redisUrl'), certificate, { asks: false, maxVersion })
  const CA = { REDIS_TLS_CA_FILE: fixture('ca.crt') }

  test.each([
    { how: 'a CA', change: (url: URL) => ({ REDIS_URL: url.href, ...CA }) },
    { how: 'a URL of TLS', change: (url: URL) => ({ REDIS_URL: url.href.replace('redis:', 'rediss:'), ...CA }) },
    {
      how: 'an address',
      change: ({ port, password }: URL) => ({
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: port,
        REDIS_PASSWORD: password,
        REDIS_TLS: 'true',
        ...CA,
      }),
    },
  ])('answers with $how', async ({ change }) => {
    expect(await ask(change(await front('signed')))).toBe('PONG')
  })

  test.each(refusals)(
    'is done without where its certificate $why, whatever Node is told',
    async ({ certificate, trusted, message }) => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
      const url = await front(certificate)
      for (const REDIS_URL of [url.href, url.href.replace('redis:', 'rediss:')]) {
        expect(await ask({ REDIS_URL, REDIS_TLS: 'true', ...(trusted && CA) })).toMatch(message)
      }
    },
  )

  test('is done without where it speaks TLS 1.2 at most', async () => {
    const url = await front('signed', 'TLSv1.2')
    for (const REDIS_URL of [url.href, url.href.replace('redis:', 'rediss:')]) {
      const log = await ask({ REDIS_URL, ...CA })
      expect(log).toMatch(/alert protocol version/)
      expect(withoutTls13(new Error(log), 'REDIS_TLS')).toMatch(
        /REDIS_TLS takes nothing older: .* \(tls-protocols of Redis\)/,
      )
    }
  })
})
