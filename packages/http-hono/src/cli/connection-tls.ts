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

const checked = (caFile: string | undefined): ConnectionOptions => ({
  rejectUnauthorized: true,
  ...(caFile !== undefined && { ca: readFileSync(caFile) }),
})
