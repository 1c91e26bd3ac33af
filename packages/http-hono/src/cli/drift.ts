import { type Difference, isFlorinError } from '@florin/core'
import { snakePath } from '../naming.ts'
import { usageError } from './command-error.ts'
import type { GivenFlags, Program } from './program.ts'
import { withFlorin } from './with-florin.ts'

/**
 * Names what is stored otherwise than Stripe tells. Exits 1 where there is any difference, also one that it repaired, so
 * that whoever runs it by a schedule is told.
 */
export function drift(program: Program, flags: GivenFlags): Promise<number> {
  const mode = modeOf(flags)
  const repair = flags.isSet('repair')
  if (flags.isSet('emit') && !repair) throw usageError('--emit goes with --repair')
  return withFlorin(program, async ({ maintenance }) => {
    const differences: Difference[] = []
    const onDifference = (difference: Difference) => {
      differences.push(difference)
      program.print(lineOf(difference))
    }
    // What does not open is told in the end, and keeps nothing else from being repaired.
    const broken = await maintenance
      .findDrift({ mode, onDifference })
      .then(
        ({ compared }) => void program.complain(`${compared} objects compared, ${differences.length} different.`),
        brokenBy,
      )
    if (repair && differences.length > 0) {
      const { repaired, alreadyRight, left } = await maintenance.repairDrift({ differences, emit: flags.isSet('emit') })
      program.complain(`${repaired} repaired, ${alreadyRight} right by now, ${left.length} left: not known at Stripe.`)
    }
    if (broken) throw broken
    return differences.length > 0 ? 1 : 0
  })
}

/** The defect of one object; all else ends the command. */
function brokenBy(error: unknown): Error {
  if (isFlorinError(error) && error.kind === 'defect') return error
  throw error
}

function modeOf(flags: GivenFlags): 'changed' | 'full' {
  if (!flags.isSet('drift')) throw usageError('what should it look at? give --drift')
  const [changed, full] = [flags.isSet('changed'), flags.isSet('full')]
  if (changed === full) throw usageError('--drift needs one of --changed and --full')
  return full ? 'full' : 'changed'
}

function lineOf(difference: Difference): string {
  const { table, id, gatewayId } = difference
  const place = `${table}  ${id ?? '(no row)'}  ${gatewayId}`
  if (difference.what !== 'different') return `${place}  ${difference.what.replaceAll('_', ' ')}`
  const fields = difference.fields.map(
    ({ field, stored, actual }) => `${snakePath(field)}: ${JSON.stringify(stored)}, is ${JSON.stringify(actual)}`,
  )
  return `${place}  ${fields.join('; ')}`
}
