import { pendingMigrations } from '@florin/adapter-postgres'
import type { Pool } from 'pg'
import { z } from 'zod'
import { reasonOf } from '../command-error.ts'
import { type OpenDatabase, QUERY_TIMEOUT_MS } from '../open-database.ts'
import type { Config } from '../variables.ts'
import { clockFinding, type Finding, fail, isHere, pass, warn } from './finding.ts'

const facts = z.object({
  version: z.coerce.number(),
  encrypted: z.boolean().nullable(),
  address: z.string().nullable(),
  read_only: z.boolean(),
  superuser: z.boolean(),
  most_connections: z.coerce.number(),
  statement_timeout_ms: z.coerce.number(),
  unsafe: z.array(z.string()),
  archiving: z.boolean(),
  archived_days_ago: z.number().nullable(),
  archiving_fails: z.boolean(),
  time: z.number(),
})

// One statement, so that all of it is told by one connection, also behind a pooler.
const question = `select
  current_setting('server_version_num') as version,
  (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as encrypted,
  host(inet_server_addr()) as address,
  pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only,
  (select rolsuper from pg_roles where rolname = current_user) as superuser,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as most_connections,
  (select setting from pg_settings where name = 'statement_timeout') as statement_timeout_ms,
  array(select name::text from pg_settings
    where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off') as unsafe,
  current_setting('archive_mode') <> 'off' as archiving,
  (select extract(epoch from now() - last_archived_time)::float8 / 86400 from pg_stat_archiver) as archived_days_ago,
  (select coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) from pg_stat_archiver)
    as archiving_fails,
  extract(epoch from clock_timestamp())::float8 as time`

/** What PostgreSQL tells of itself. */
export async function postgresFindings({ pool, database }: OpenDatabase, config: Config): Promise<readonly Finding[]> {
  try {
    const { fact, skew } = await ask(pool)
    return [
      version(fact.version),
      writing(fact.read_only),
      await migrations(database),
      encryption(fact),
      backups(fact),
      durability(fact.unsafe),
      connections(fact.most_connections, config),
      statementTimeout(fact.statement_timeout_ms),
      fact.superuser
        ? warn(
            'PostgreSQL role',
            'the server connects as a superuser, who may change the audit log',
            'connect as a role of its own, without SUPERUSER',
          )
        : pass('PostgreSQL role', 'no superuser'),
      clockFinding('PostgreSQL', skew, { warnFrom: 2, failFrom: 30 }),
    ]
  } catch (error) {
    return [
      fail('PostgreSQL', `does not answer: ${reasonOf(error)}`, 'start it, and check DATABASE_URL or the DB_ settings'),
    ]
  }
}

async function ask(pool: Pool) {
  await pool.query('select 1') // so that connecting does not count
  const began = Date.now()
  const { rows } = await pool.query(question)
  const middle = (began + Date.now()) / 2000
  const fact = facts.parse(rows[0])
  return { fact, skew: fact.time - middle }
}

function version(number: number): Finding {
  const major = Math.floor(number / 10_000)
  return major >= 15
    ? pass('PostgreSQL', `version ${major}`)
    : fail('PostgreSQL', `version ${major}`, 'use PostgreSQL 15 or newer')
}

const writing = (isReadOnly: boolean): Finding =>
  isReadOnly
    ? fail(
        'PostgreSQL writes',
        'the server may only read: it is a replica, or was demoted in a failover',
        'let DATABASE_URL or DB_HOST lead to the primary',
      )
    : pass('PostgreSQL writes', 'the server takes them')

async function migrations(database: OpenDatabase['database']): Promise<Finding> {
  const pending = await pendingMigrations(database)
  return pending.length === 0
    ? pass('migrations', 'all are applied')
    : fail('migrations', `${pending.length} are missing: ${pending.join(', ')}`, 'run florin migrate up')
}

function encryption({ encrypted, address }: z.output<typeof facts>): Finding {
  const check = 'TLS to PostgreSQL'
  if (encrypted) return pass(check, 'the connection is encrypted, and the certificate was checked')
  if (address === null || isHere(address)) return pass(check, 'none is needed: it is on this machine')
  return fail(check, `what is written and read goes to ${address} in clear`, 'set DB_SSL=true')
}

function backups({ archiving, archiving_fails: fails, archived_days_ago: days }: z.output<typeof facts>): Finding {
  const check = 'database backups'
  const proof = 'restore one now and then, and try it: only that proves a backup'
  if (!archiving)
    return warn(
      check,
      'the write-ahead log is not archived, and whether something else takes backups cannot be seen',
      `turn on the backups of your provider, or archive_mode with pgBackRest or WAL-G; ${proof}`,
    )
  if (fails)
    return fail(check, 'archiving the write-ahead log fails', 'see the log of PostgreSQL for what archive_command says')
  if (days === null)
    return warn(check, 'the write-ahead log is to be archived, but nothing was yet', `set archive_timeout; ${proof}`)
  if (days > 1) return warn(check, `nothing was archived for ${Math.floor(days)} days`, `set archive_timeout; ${proof}`)
  return pass(check, `the write-ahead log is archived; ${proof}`)
}

function durability(unsafe: readonly string[]): Finding {
  const check = 'durability'
  if (unsafe.length === 0) return pass(check, 'what is committed is on the disk')
  return fail(
    check,
    `${unsafe.join(', ')} off: a power cut loses payments that callers were told of`,
    `set ${unsafe.map((name) => `${name}=on`).join(', ')}`,
  )
}

function connections(most: number, { DB_POOL_SIZE: pool, REPLICAS: replicas }: Config): Finding {
  const check = 'connection pooling'
  const wanted = pool * replicas
  const says = `${replicas} × ${pool} connections of ${most}`
  if (wanted > most) return fail(check, says, 'lower DB_POOL_SIZE, raise max_connections, or put PgBouncer between')
  if (wanted > most * 0.8)
    return warn(
      check,
      `${says}: little is left for others and for a rolling restart`,
      'lower DB_POOL_SIZE or raise max_connections',
    )
  return pass(check, says)
}

function statementTimeout(milliseconds: number): Finding {
  const check = 'statement timeout'
  if (milliseconds > 0 && milliseconds < QUERY_TIMEOUT_MS)
    return pass(check, `PostgreSQL ends a statement after ${milliseconds / 1000} s`)
  return warn(
    check,
    milliseconds === 0
      ? 'PostgreSQL goes on with statements that nobody waits for'
      : `${milliseconds / 1000} s is long`,
    `below the ${QUERY_TIMEOUT_MS / 1000} s that a server waits: alter role … set statement_timeout = '12s'`,
  )
}
