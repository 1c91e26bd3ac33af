import type { Pool } from 'pg'

/** How many rows a database has that has grown. */
export interface Growth {
  readonly events: number
  readonly payments: number
}

const BATCH = 500_000
const WEEKS = 12

/**
 * Fills Florin's tables as years of use would: events of the last twelve weeks, each week in its partition, as
 * maintenance makes them (payloads are filler of 120 bytes, ids are as random as Stripe's); payments of one user, and for
 * each the key of one delivered domain event. Rows are made by the server itself, which is as fast as COPY.
 */
export async function grow(pool: Pool, { events, payments }: Growth, tell: (line: string) => void): Promise<void> {
  await partitionsOfThePast(pool)
  for (let from = 0; from < events; from += BATCH) {
    await pool.query(fillEvents, [from + 1, Math.min(from + BATCH, events), events])
    tell(`${Math.min(from + BATCH, events)} webhook events`)
  }
  for (let from = 0; from < payments; from += BATCH) {
    const range = [from + 1, Math.min(from + BATCH, payments)]
    await pool.query(fillPayments, range)
    await pool.query(fillOutbox, range)
    tell(`${range[1]} payments`)
  }
  for (const table of ['webhook_events', 'transactions', 'outbox']) await pool.query(`vacuum analyze ${table}`)
  await pool.query('checkpoint')
}

/** A week each instead of one partition for all that is past: what a database has that has been used for months. */
async function partitionsOfThePast(pool: Pool): Promise<void> {
  const { rows } = await pool.query(
    `select c.relname as name, to_date(right(c.relname, 8), 'YYYYMMDD') - n * 7 as day
     from pg_inherits i join pg_class c on c.oid = i.inhrelid, generate_series(0, ${WEEKS}) as n
     where i.inhparent = 'webhook_events'::regclass and pg_get_expr(c.relpartbound, c.oid) like '%MINVALUE%' order by day`,
  )
  const days = rows.map(({ day }) =>
    new Date(day.getTime() - day.getTimezoneOffset() * 60_000).toISOString().slice(0, 10),
  )
  await pool.query(`alter table webhook_events detach partition ${rows[0].name}`)
  await pool.query(`drop table ${rows[0].name}`)
  for (const [index, until] of days.entries()) {
    const from = index === 0 ? 'minvalue' : `'${days[index - 1]}T00:00:00Z'`
    await pool.query(
      `create table webhook_events_until_${until.replaceAll('-', '')} partition of webhook_events
       for values from (${from}) to ('${until}T00:00:00Z')`,
    )
  }
}

const fillEvents = `insert into webhook_events (id, version, created_at, updated_at, commit_id, type, api_version, livemode,
    occurred_at, object_id, status, attempts, payload)
  select 'evt_1' || substr(md5(n::text), 1, 23), 1, at, at, 'commit_' || n, 'payment_intent.succeeded', '2026-10-28.endive',
    false, date_trunc('second', at), 'pi_3' || substr(md5((n / 3)::text), 1, 23), 'processed', 1,
    decode(repeat(md5(n::text), 7) || md5(n::text), 'hex')
  from (select n, now() - interval '${WEEKS} weeks' * (1 - n::double precision / $3::double precision) as at
    from generate_series($1::bigint, $2::bigint) as n) as made`

const fillPayments = `insert into transactions (id, version, created_at, updated_at, commit_id, user_id, customer_id, gateway_id,
    amount, currency, status, gateway_status, amount_capturable, amount_captured, amount_refunded, capture_method,
    payment_method, charge_id, charge_refunded, observed, in_doubt)
  select 'tx_' || lpad(n::text, 26, '0'), 2, at, at, 'commit_' || n, 'user_grown', 'cus_grown',
    'pi_3' || substr(md5(n::text), 1, 23), 1999, 'USD', 'succeeded', 'succeeded', 0, 1999, 0, 'automatic', 'pm_1',
    'ch_3' || substr(md5(n::text), 1, 23), 0, '{"intent":{"rank":2,"stamp":1763910245}}', false
  from (select n, timestamptz '2026-01-01' + n * interval '20 seconds' as at
    from generate_series($1::bigint, $2::bigint) as n) as made`

const fillOutbox = `insert into outbox (id, version, created_at, updated_at, commit_id, type, object_id, discriminator, occurred_at,
    status, attempts)
  select 'event_' || lpad(n::text, 26, '0'), 3, at, at, 'commit_' || n, 'payment.succeeded', 'tx_' || lpad(n::text, 26, '0'),
    'ch_3' || substr(md5(n::text), 1, 23), date_trunc('second', at), 'delivered', 1
  from (select n, timestamptz '2026-01-01' + n * interval '20 seconds' as at
    from generate_series($1::bigint, $2::bigint) as n) as made`
