import type { Florin, OutboxEvent } from '@florin/core'
import { usageError } from './command-error.ts'
import type { GivenFlags, Program } from './program.ts'
import { atTheTerminal, withFlorinAlone } from './with-florin.ts'

/** Lists events that were not delivered, or has one that was given up told again. */
export async function events(
  program: Program,
  flags: GivenFlags,
  word: string | undefined,
  id: string | undefined,
): Promise<number> {
  const status = statusOf(flags)
  if (word === 'retry' && id === undefined)
    throw usageError('retry needs the id of an event: florin events list shows them')
  if (word === 'list' && id !== undefined) throw usageError(`list does not know "${id}"`)
  return withFlorinAlone(program, (florin) =>
    id === undefined ? list(program, florin, status) : retry(program, florin, id),
  )
}

async function list(program: Program, florin: Florin, status: 'dead' | 'pending'): Promise<number> {
  let cursor: string | undefined
  let count = 0
  do {
    const page = await florin.events.list(
      { status, limit: 100, ...(cursor !== undefined && { cursor }) },
      atTheTerminal,
    )
    for (const event of page.data) program.print(lineOf(event))
    count += page.data.length
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  // Not where a program reads on: there, no line is no event.
  if (count === 0) program.complain(`No event is ${status}.`)
  return 0
}

async function retry(program: Program, florin: Florin, id: string): Promise<number> {
  program.print(lineOf(await florin.events.retry(id, atTheTerminal)))
  return 0
}

function lineOf({ id, type, objectId, createdAt, status, attempts, dueAt }: OutboxEvent): string {
  const next = dueAt === null ? '' : `  due ${dueAt}`
  return `${id}  ${createdAt}  ${type}  ${objectId}  ${status} after ${attempts} attempts${next}`
}

function statusOf(flags: GivenFlags): 'dead' | 'pending' {
  const status = flags.text('status') ?? 'dead'
  if (status !== 'dead' && status !== 'pending') throw usageError(`--status ${status} is none: give dead or pending`)
  return status
}
