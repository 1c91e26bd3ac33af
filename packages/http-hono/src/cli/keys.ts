import type { BrokenValue, Florin } from '@florin/core'
import { usageError } from './command-error.ts'
import type { GivenFlags, Program } from './program.ts'
import { withFlorinAlone } from './with-florin.ts'

/** Wraps all data keys under the current encryption key, or opens them and what they seal. Exits 1 where one does not. */
export function keys(program: Program, flags: GivenFlags, word: string | undefined): Promise<number> {
  const full = flags.isSet('full')
  if (word === 'rotate') {
    if (full) throw usageError('--full goes with verify')
    return withFlorinAlone(program, (florin) => rotate(program, florin))
  }
  return withFlorinAlone(program, (florin) => verify(program, florin, full))
}

async function rotate(program: Program, florin: Florin): Promise<number> {
  const { wrapped, broken, notInRing } = await florin.keys.rotate({
    onProgress: (count) => program.redraw?.(`${count} data keys wrapped again`),
  })
  program.redraw?.('')
  program.print(`${wrapped} data keys wrapped again under ENCRYPTION_KEY.`)
  for (const id of broken) program.print(`data_keys  ${id}  does not open, and was left as it is`)
  for (const [ringKey, count] of Object.entries(notInRing)) {
    program.print(
      `${count} data keys are under ${ringKey}, which is not in the ring: put it into ENCRYPTION_KEYS_RETIRED`,
    )
  }
  return broken.length > 0 || Object.keys(notInRing).length > 0 ? 1 : 0
}

async function verify(program: Program, florin: Florin, full: boolean): Promise<number> {
  const { keys, destroyed, opened, erased, broken } = await florin.keys.verify({
    full,
    onBroken: (value) => program.print(lineOf(value)),
  })
  const counts = Object.entries(keys).map(([ringKey, count]) => `${count} under ${ringKey}`)
  program.complain(`Data keys: ${counts.join(', ') || 'none'}; ${destroyed} destroyed.`)
  const looked = full ? 'all values' : 'the newest values of each table; --full opens all'
  program.complain(`Values: ${opened} opened, ${erased} of erased users, ${broken.length} broken (${looked}).`)
  return broken.length > 0 ? 1 : 0
}

const lineOf = ({ table, id, column, reason }: BrokenValue) => `${table}  ${id}  ${column}  ${reason}`
