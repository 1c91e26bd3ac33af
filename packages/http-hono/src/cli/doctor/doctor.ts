import { createLogger } from '../../logger.ts'
import { ConfigError, readConfig } from '../config.ts'
import { needs } from '../config-needs.ts'
import { publicSecrets } from '../config-rules.ts'
import { drift } from '../drift.ts'
import { openDatabase } from '../open-database.ts'
import { openRedis } from '../open-redis.ts'
import type { GivenFlags, Program } from '../program.ts'
import { gatherSettings, type Problem } from '../setting-sources.ts'
import { type Config, variables } from '../variables.ts'
import { type Finding, fail } from './finding.ts'
import { postgresFindings } from './postgres-findings.ts'
import { redisFindings } from './redis-findings.ts'
import { settingsFindings } from './settings-findings.ts'
import { stripeFindings } from './stripe-findings.ts'
import { workFindings } from './work-findings.ts'

/**
 * Goes through what a server for real money needs, changes nothing, and says of each whether it is there and what to do.
 * Exits 1 where something fails. With `--drift` it compares the stored rows with Stripe instead.
 */
export async function doctor(program: Program, flags: GivenFlags): Promise<number> {
  const ofDrift = ['drift', 'changed', 'full', 'repair', 'emit'].some((name) => flags.isSet(name))
  if (ofDrift) return drift(program, flags)
  const findings = await examine(program)
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length
  const counts = { passed: count('pass'), warned: count('warn'), failed: count('fail') }
  if (flags.isSet('json')) program.print(JSON.stringify({ ...counts, findings }, null, 2))
  else {
    const width = Math.max(...findings.map(({ check }) => check.length))
    for (const { check, state, says, fix } of findings) {
      program.print(`${state}  ${check.padEnd(width)}  ${says}`)
      if (fix !== undefined) program.print(`      ${' '.repeat(width)}  → ${fix}`)
    }
    program.print(`\n${counts.passed} pass, ${counts.warned} warn, ${counts.failed} fail`)
  }
  return counts.failed > 0 ? 1 : 0
}

async function examine(program: Program): Promise<readonly Finding[]> {
  const { config, problems } = readAsFarAsPossible(program)
  const now = new Date()
  const logger = createLogger({ level: 'silent' })
  const database = openDatabase(config, logger, { max: 1, query_timeout: 10_000 })
  let lost: unknown
  const redis = await openRedis(config, logger, (error) => {
    lost = error
  })
  try {
    const stored = await postgresFindings(database, config)
    const usable = !stored.some(({ check, state }) => state === 'fail' && ['PostgreSQL', 'migrations'].includes(check))
    return [
      ...settingsFindings(config, problems, now),
      ...stored,
      ...(await redisFindings(redis, config, lost)),
      ...(await stripeFindings(config)),
      ...(usable
        ? await workFindings(database, now)
        : [fail('work', 'cannot be seen without the database', 'see above')]),
    ]
  } finally {
    redis.disconnect()
    await database.close()
  }
}

/** The settings that can be read, and what is wrong with the others: one wrong setting must not hide all else. */
function readAsFarAsPossible(program: Program): { readonly config: Config; readonly problems: readonly Problem[] } {
  const { settings } = gatherSettings(program)
  const known = publicSecrets(settings)
  try {
    return { config: readConfig(program, needs.serve), problems: known }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const wrong = new Set(error.problems.map(({ name }) => name))
    const right = Object.entries(settings).filter(([name]) => !wrong.has(name))
    const config = variables.parse(Object.fromEntries(right.map(([name, { value }]) => [name, value])))
    return { config, problems: [...error.problems, ...known.filter(({ name }) => !wrong.has(name))] }
  }
}
