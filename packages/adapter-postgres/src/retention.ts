import type { Prunable, Retention } from '@florin/core'
import { type RawBuilder, sql } from 'kysely'
import { ask } from './ask.ts'
import { type Compiled, compile, slot } from './compile.ts'
import type { Answer, Database } from './database.ts'

const DAY_MS = 24 * 3600_000

/** Tables in partitions, and how far ahead there is room in them, so that weeks without maintenance pass unnoticed. */
const partitioned = [
  { table: 'webhook_events', column: 'occurred_at', unit: 'week', aheadMs: 28 * DAY_MS },
  { table: 'audit_log', column: 'created_at', unit: 'month', aheadMs: 90 * DAY_MS },
] as const

/**
 * Lets go of old rows on PostgreSQL or PGlite: for `createFlorin({ retention })`, over the database of the storage.
 *
 * Events go a partition at a time, all else in short statements that pass over rows that somebody holds. The role needs
 * to be the owner of the tables, or to be granted the functions `florin_add_partition` and `florin_drop_events`.
 */
export function postgresRetention({ database }: { readonly database: Database }): Retention {
  return {
    async rotate({ now, before }) {
      const made: string[] = []
      for (const { aheadMs, ...parts } of partitioned) {
        const until = new Date(Date.parse(now) + aheadMs).toISOString()
        made.push(...(await untilNone(() => ask(database, addPartition, { ...parts, now, until }))))
      }
      return { made, dropped: await untilNone(() => ask(database, dropEvents, { before })) }
    },
    async prune(what, times) {
      const [[count] = []] = await ask(database, pruning[what], times)
      return Number(count)
    },
  }
}

interface Ahead {
  readonly table: string
  readonly column: string
  readonly unit: string
  readonly now: string
  readonly until: string
}

const addPartition = compile<Ahead>(
  'add_partition',
  sql`select florin_add_partition(${slot<Ahead>(({ table }) => table)}, ${slot<Ahead>(({ column }) => column)},
    ${slot<Ahead>(({ unit }) => unit)}, ${slot<Ahead>(({ now }) => now)}::timestamptz, ${slot<Ahead>(({ until }) => until)}::timestamptz)`,
)

interface Times {
  readonly before: string
  readonly limit: number
}

const before = slot<Times>((times) => times.before)
const limit = slot<Times>((times) => times.limit)

const dropEvents = compile<Pick<Times, 'before'>>('drop_events', sql`select florin_drop_events(${before}::timestamptz)`)

const counted = (change: RawBuilder<unknown>) =>
  compile<Times>('prune', sql`with done as (${change} returning 1) select count(*) from done`)

/** Where the oldest rows that match lie, by an index on the column; none of them is waited for. */
const oldest = (table: string, column: string, isDone: RawBuilder<unknown>) =>
  sql`(array(select ctid from ${sql.table(table)} where ${isDone} and ${sql.ref(column)} < ${before}::timestamptz
    order by ${sql.ref(column)} limit ${limit} for update skip locked))`

// As text, and as the partial indexes have it.
const isApplied = sql`status in ('processed', 'ignored')`
const isHeldByNobody = sql`operation_id is null`
const isTold = sql`status = 'delivered' and data is not null`

const pruning: Readonly<Record<Prunable, Compiled<Times>>> = {
  operations: counted(
    sql`delete from operations where ctid = any ${oldest('operations', 'completed_at', sql`status = 'done'`)}`,
  ),
  event_data: counted(
    sql`update outbox set data = null, version = version + 1 where ctid = any ${oldest('outbox', 'updated_at', isTold)}`,
  ),
  leases: counted(sql`delete from leases where ctid = any ${oldest('leases', 'expires_at', isHeldByNobody)}`),
  // By their keys, since places are told apart within one partition only.
  payloads: counted(
    sql`update webhook_events as t set payload = null, version = version + 1 from (
      select id, occurred_at from webhook_events where ${isApplied} and payload is not null
      and occurred_at < ${before}::timestamptz order by occurred_at limit ${limit} for update skip locked
    ) as old where t.id = old.id and t.occurred_at = old.occurred_at`,
  ),
  webhook_events: counted(
    sql`delete from webhook_events_default where ctid = any ${oldest('webhook_events_default', 'occurred_at', isApplied)}`,
  ),
}

/** Does one thing after the other until the answer is that there is nothing more to do. */
async function untilNone(act: () => Promise<Answer>): Promise<readonly string[]> {
  const names: string[] = []
  for (;;) {
    const [[name] = []] = await act()
    if (typeof name !== 'string') return names
    names.push(name)
  }
}
