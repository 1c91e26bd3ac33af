import {
  type AuditFault,
  auditKey,
  auditPublicKey,
  auditSealer,
  type Database,
  detachAuditPartitions,
  verifyAuditLog,
} from '@florin/adapter-postgres'
import { usageError } from './command-error.ts'
import { commandLogger } from './command-logger.ts'
import { given, readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import { checkMigrations, openDatabase } from './open-database.ts'
import type { GivenFlags, Program } from './program.ts'
import type { Config } from './variables.ts'

/** Checks, seals or cuts the audit log, or shows the key that others verify it with. */
export async function audit(program: Program, flags: GivenFlags, word: string | undefined): Promise<number> {
  if (word === 'key') {
    program.print(`base64:${Buffer.from(signingKey(readConfig(program, needs.auditKey)).bytes).toString('base64')}`)
    return 0
  }
  const expected = expectedOf(flags)
  const before = beforeOf(flags, word)
  const config = readConfig(program, word === 'verify' ? needs.auditVerify : needs.audit)
  // Verifying reads a great deal, piece by piece. What is detached is looked for at once, which may take long.
  const options = { max: 1, ...(word === 'detach' && { query_timeout: 0 }) }
  const open = openDatabase(config, commandLogger(program, config), options)
  const { database, close } = open
  try {
    await checkMigrations(open, config)
    if (word === 'seal') return await seal(program, database, config)
    if (word === 'rebase') return await rebase(program, database)
    if (word === 'detach') return await detach(program, database, config, before)
    return await verify(program, database, config, expected)
  } finally {
    await close()
  }
}

async function verify(
  program: Program,
  database: Database,
  config: Config,
  expected: { seq: number; head: string } | undefined,
): Promise<number> {
  const verdict = await verifyAuditLog({ database, keys: knownKeys(config), ...(expected && { expected }) })
  const { fault, seals, rows, unsealed, cutBefore, last } = verdict
  if (cutBefore) program.print(`Rows of before ${cutBefore} were detached; what follows is checked.`)
  program.print(`${rows} rows in ${seals} seals are as they were sealed${fault ? ', up to here:' : '.'}`)
  if (fault) {
    program.complain(sentenceOf(fault))
    return 1
  }
  const since = unsealed.since === null ? '' : `, the oldest of ${unsealed.since}`
  program.print(`${unsealed.rows} rows are not sealed yet${since}.`)
  program.print(`Keep this elsewhere, and give it to --head another time: ${last.seq}:${last.head}`)
  return 0
}

function sentenceOf(fault: AuditFault): string {
  switch (fault.fault) {
    case 'row_altered':
      return `Row ${fault.rowId} was altered after it was sealed (seal ${fault.seq}).`
    case 'row_missing':
      return `Row ${fault.rowId} is missing; it was there when seal ${fault.seq} was made.`
    case 'row_inserted':
      return `Row ${fault.rowId} was put in; it was not there when seal ${fault.seq} was made.`
    case 'seal_altered':
      return `Seal ${fault.seq} was altered: it does not fit what it says or the seal before it.`
    case 'seal_missing':
      return `Seal ${fault.seq} is missing.`
    case 'seal_not_signed':
      return `Seal ${fault.seq} is not signed by a known key (it names ${fault.keyId}); retired keys go into AUDIT_PUBLIC_KEYS.`
    case 'checkpoint_not_signed':
      return `The last checkpoint (seal ${fault.seq}) is not signed by a known key (it names ${fault.keyId}).`
    case 'head_differs':
      return `Seal ${fault.seq} is not the one that was told: the log is an older or another one.`
  }
}

async function seal(program: Program, database: Database, config: Config): Promise<number> {
  const sealer = auditSealer({ database, key: signingKey(config) })
  for (let isMore = true; isMore; ) {
    const sealed = await sealer.seal()
    if (sealed) program.print(`sealed ${sealed.rows} rows  ${sealed.seq}:${sealed.head}`)
    isMore = sealed?.isMore ?? false
  }
  return 0
}

async function rebase(program: Program, database: Database): Promise<number> {
  const [[ahead] = []] = await database.run({ name: 'audit_rebase', text: 'select florin_rebase_audit()::text' }, [])
  program.print(typeof ahead === 'string' ? 'The log goes on where it was.' : 'There is nothing to do.')
  return 0
}

async function detach(program: Program, database: Database, config: Config, before: string): Promise<number> {
  const done = await detachAuditPartitions({
    ...{ database, before },
    ...{ key: signingKey(config), keys: knownKeys(config) },
  })
  switch (done.outcome) {
    case 'detached':
      for (const name of done.tables) program.print(`detached  ${name}`)
      program.print(`The log begins at ${done.cutBefore} now. The tables are yours to keep or to drop.`)
      return 0
    case 'nothing_is_that_old':
      program.print('No partition ends before that time.')
      return 0
    case 'faulty':
      if (done.verdict.fault) program.complain(sentenceOf(done.verdict.fault))
      program.complain('Nothing was detached: see florin audit verify.')
      return 1
    case 'not_sealed':
      program.complain(`Nothing was detached: ${done.rows} rows of before are not sealed yet. Run florin audit seal.`)
      return 1
    case 'in_default_partition':
      program.complain(`Nothing was detached: ${done.rows} rows of before lie in audit_log_default.`)
      return 1
  }
}

const signingKey = (config: Config) => auditKey(given(config, 'AUDIT_KEY').bytes)

const knownKeys = (config: Config) => [
  ...(config.AUDIT_KEY ? [auditKey(config.AUDIT_KEY.bytes)] : []),
  ...config.AUDIT_PUBLIC_KEYS.map(({ bytes }) => auditPublicKey(bytes)),
]

function expectedOf(flags: GivenFlags): { seq: number; head: string } | undefined {
  const given = flags.text('head')
  if (given === undefined) return undefined
  const [, seq, head] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(given) ?? []
  if (seq === undefined || head === undefined) throw usageError('--head must be a number, a colon and 64 hex digits')
  return { seq: Number(seq), head }
}

function beforeOf(flags: GivenFlags, word: string | undefined): string {
  const given = flags.text('before')
  if (word !== 'detach') return ''
  if (given === undefined) throw usageError('detach needs --before, a date such as 2026-01-01')
  if (!/^\d{4}-\d\d-\d\d$/.test(given) || Number.isNaN(Date.parse(given))) {
    throw usageError(`--before ${given} is no date such as 2026-01-01`)
  }
  return `${given}T00:00:00.000Z`
}
