import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { Config } from './variables.ts'

/** What a URL of PostgreSQL says of TLS: not to use it, to use it, or to use it and believe any certificate. */
export type SslMode = 'off' | 'checked' | 'unchecked' | 'unknown' | undefined

// `require` and `verify-ca` check less elsewhere. Here everything that is encrypted is checked, the host's name included.
const modes: Readonly<Record<string, SslMode>> = {
  ...{ disable: 'off', false: 'off', 0: 'off' },
  ...{ require: 'checked', 'verify-ca': 'checked', 'verify-full': 'checked', true: 'checked', 1: 'checked' },
  ...{ allow: 'unchecked', prefer: 'unchecked', 'no-verify': 'unchecked' },
}

/** What a URL of PostgreSQL says of TLS; undefined where it says nothing. @throws TypeError where it is no URL */
export function sslModeOf(url: string): SslMode {
  const { searchParams } = new URL(url)
  const written = searchParams.get('sslmode') ?? searchParams.get('ssl')
  if (written !== null) return modes[written] ?? 'unknown'
  return searchParams.has('sslrootcert') ? 'checked' : undefined
}

/** Where PostgreSQL is, and how TLS is spoken to it. The driver is given both, so that nothing else can weaken it. */
export function postgresTls({ DATABASE_URL: url, DB_SSL, DB_SSL_CA_FILE: caFile }: Config): {
  readonly connectionString?: string
  readonly ssl: ConnectionOptions | false
} {
  if (url === undefined) return { ssl: DB_SSL || caFile !== undefined ? checked(caFile) : false }
  const wanted = DB_SSL || caFile !== undefined || sslModeOf(url) === 'checked'
  const bare = new URL(url)
  const { searchParams } = bare
  const file = (name: string) => {
    const path = searchParams.get(name)
    return path === null ? undefined : readFileSync(path)
  }
  const client = { cert: file('sslcert'), key: file('sslkey') }
  const ssl = wanted ? { ...checked(caFile ?? searchParams.get('sslrootcert') ?? undefined), ...client } : false
  // What the driver finds in a URL stands above what it is given.
  for (const name of ['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'uselibpqcompat']) searchParams.delete(name)
  return { connectionString: bare.href, ssl }
}

/** How TLS is spoken to Redis, or undefined where it is not. */
export function redisTls({ REDIS_URL, REDIS_TLS, REDIS_TLS_CA_FILE: caFile }: Config): ConnectionOptions | undefined {
  const wanted = REDIS_TLS || caFile !== undefined || REDIS_URL?.startsWith('rediss:') === true
  return wanted ? checked(caFile) : undefined
}

// What OpenSSL says where the two have no version in common: the server found out, or we did. Its code does not always come
// through: a connection that is written to meanwhile fails with EPROTO.
const noCommonVersion = /SSL routines:.*(alert protocol version|unsupported protocol)/

/** What to do where a connection failed for want of TLS 1.3, which OpenSSL tells in its own words; else undefined. */
export function withoutTls13(error: unknown, setting: 'DB_SSL' | 'REDIS_TLS'): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (!noCommonVersion.test(error.message)) return withoutTls13(error.cause, setting)
  const allows = setting === 'DB_SSL' ? 'ssl_max_protocol_version of PostgreSQL' : 'tls-protocols of Redis'
  return `the server offers no TLS 1.3, and ${setting} takes nothing older: allow it there (${allows}), or update it`
}

const checked = (caFile: string | undefined): ConnectionOptions => ({
  minVersion: 'TLSv1.3',
  rejectUnauthorized: true,
  ...(caFile !== undefined && { ca: readFileSync(caFile) }),
})
