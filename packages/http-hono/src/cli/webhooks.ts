import { type Florin, isFlorinError, type WebhookEvent, webhookEventStatuses } from '@florin/core'
import { usageError } from './command-error.ts'
import type { GivenFlags, Program } from './program.ts'
import { atTheTerminal, withFlorin } from './with-florin.ts'

const DEFAULT_LIMIT = 20
const MOST = 10_000

/** Lists what became of Stripe's events, shows one, or applies stored ones again. Never shows a body. */
export function webhooks(
  program: Program,
  flags: GivenFlags,
  word: string | undefined,
  id: string | undefined,
): Promise<number> {
  return withFlorin(program, taskOf(program, flags, word, id))
}

/** What was asked for. Refuses what makes no sense before anything is opened. */
function taskOf(
  program: Program,
  flags: GivenFlags,
  word: string | undefined,
  id: string | undefined,
): (florin: Florin) => Promise<number> {
  const filters = ['status', 'type', 'limit'].filter((flag) => flags.text(flag) !== undefined)
  if (word === 'list') {
    if (id !== undefined) throw usageError(`list does not know "${id}"; florin webhooks show ${id} shows one`)
    if (flags.isSet('failed')) throw usageError('--failed goes with replay; --status failed lists them')
    const [filter, limit] = [filterOf(flags), limitOf(flags)]
    return (florin) => list(program, florin, filter, limit)
  }
  if (filters.length > 0) throw usageError(`--${filters[0]} goes with list`)
  if (word === 'replay' && flags.isSet('failed')) {
    if (id !== undefined) throw usageError('give the id of an event or --failed, not both')
    return (florin) => replayFailed(program, florin)
  }
  if (flags.isSet('failed')) throw usageError('--failed goes with replay')
  if (id === undefined) throw usageError(`${word} needs the id of an event: florin webhooks list shows them`)
  return word === 'replay' ? (florin) => replay(program, florin, id) : (florin) => show(program, florin, id)
}

interface Filter {
  readonly status?: WebhookEvent['status']
  readonly type?: string
}

const narrower = '--status and --type narrow them down'

async function list(program: Program, florin: Florin, filter: Filter, limit: number): Promise<number> {
  let count = 0
  for await (const event of events(florin, filter, limit + 1)) {
    count += 1
    if (count <= limit) program.print(lineOf(event))
  }
  // Not where a program reads on: there, no line is no event.
  if (count === 0)
    program.complain(filter.status === undefined ? 'There is no event.' : `No event is ${filter.status}.`)
  if (count > limit) {
    const way = limit < MOST ? `--limit ${Math.min(limit * 10, MOST)} shows more of them` : narrower
    program.complain(`There are more; ${way}.`)
  }
  return 0
}

async function show(program: Program, florin: Florin, id: string): Promise<number> {
  const event = await florin.webhooks.get(id, atTheTerminal)
  const facts: Readonly<Record<string, string | null>> = {
    id: event.id,
    type: event.type,
    object: event.stripeObjectId,
    status: event.status,
    reason: event.reason,
    attempts: String(event.attempts),
    'next attempt': event.nextAttemptAt,
    occurred: event.occurredAt,
    'came first': event.createdAt,
    'last changed': event.updatedAt,
    'api version': event.apiVersion,
    mode: event.livemode ? 'live' : 'test',
    body: event.isReplayable ? 'kept, encrypted: florin webhooks replay applies it again' : 'no longer kept',
  }
  for (const [name, value] of Object.entries(facts)) if (value !== null) program.print(`${name.padEnd(13)} ${value}`)
  return 0
}

async function replay(program: Program, florin: Florin, id: string): Promise<number> {
  const event = await florin.webhooks.replay(id, { actor: atTheTerminal })
  program.print(lineOf(event))
  return hasFailed(event) ? 1 : 0
}

/** Every event that failed, once. One that cannot be applied does not keep the others from it. */
async function replayFailed(program: Program, florin: Florin): Promise<number> {
  const counts = { applied: 0, failed: 0, gone: 0 }
  for await (const { id, isReplayable } of events(florin, { status: 'failed' }, Number.POSITIVE_INFINITY)) {
    if (!isReplayable) {
      counts.gone += 1
      continue
    }
    const event = await florin.webhooks.replay(id, { actor: atTheTerminal }).catch((error: unknown) => {
      if (!isFlorinError(error) || error.kind !== 'defect') throw error
      program.complain(`${id} was not applied: ${error.message}`)
      return undefined
    })
    counts[!event || hasFailed(event) ? 'failed' : 'applied'] += 1
    if (event) program.print(lineOf(event))
  }
  const gone = counts.gone > 0 ? `, ${counts.gone} whose body is no longer kept` : ''
  program.complain(`${counts.applied} applied, ${counts.failed} failed again${gone}.`)
  return counts.failed + counts.gone > 0 ? 1 : 0
}

/** Events page by page, so that any number of them is read in little memory. */
async function* events(florin: Florin, filter: Filter, limit: number): AsyncGenerator<WebhookEvent> {
  let cursor: string | undefined
  let left = limit
  do {
    const place = { limit: Math.min(left, 100), ...(cursor !== undefined && { cursor }) }
    const page = await florin.webhooks.list({ ...filter, ...place }, atTheTerminal)
    yield* page.data
    left -= page.data.length
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined && left > 0)
}

/** One that was processed before stays so, with the reason why it could not be applied again. */
const hasFailed = ({ status, reason }: WebhookEvent): boolean =>
  status === 'failed' || (status === 'processed' && reason !== null)

function lineOf({ id, createdAt, type, stripeObjectId, status, attempts, reason }: WebhookEvent): string {
  const why = reason === null ? '' : `: ${reason}`
  return `${id}  ${createdAt}  ${type}  ${stripeObjectId ?? '-'}  ${status} after ${attempts} attempts${why}`
}

function filterOf(flags: GivenFlags): Filter {
  const [status, type] = [flags.text('status'), flags.text('type')]
  const known = webhookEventStatuses.find((one) => one === status)
  if (status !== undefined && known === undefined) {
    throw usageError(`--status ${status} is none: give ${webhookEventStatuses.join(', ')}`)
  }
  return { ...(known !== undefined && { status: known }), ...(type !== undefined && { type }) }
}

function limitOf(flags: GivenFlags): number {
  const given = flags.text('limit')
  const limit = given === undefined ? DEFAULT_LIMIT : Number(given)
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw usageError(`--limit must be a number from 1 to ${MOST}`)
  return limit
}
