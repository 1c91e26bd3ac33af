// All that Florin does for a webhook, written out for the four kinds that are sent: no schemas, one field of the state, no
// data keys of users. What it costs is what the job costs.
import { randomUUID } from 'node:crypto'
import { Pool } from 'pg'
import { grouped } from './grouped.ts'
import { seal, sealPayload } from './seal.ts'
import { serve, verifySignature } from './serve.ts'

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 4 })

interface Known {
  readonly event: string | null
  readonly version: number | null
  readonly rank: number | null
  readonly stamp: string | null
  readonly customer: string | null
  readonly key: string | null
}

const known = grouped(async (asked: readonly { event: string; object: string; customer: string }[]) => {
  const { rows } = await pool.query({
    name: 'known',
    text: `select e.id as event, o.version, o.rank, o.stamp, c.id as customer, k.wrapped as key
           from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked (event, object, customer, place)
           left join webhook_events e on e.id = asked.event left join objects o on o.gateway_id = asked.object
           left join customers c on c.id = asked.customer left join data_keys k on k.subject = c.user_id order by place`,
    values: [asked.map(({ event }) => event), asked.map(({ object }) => object), asked.map(({ customer }) => customer)],
  })
  return rows as Known[]
})

interface Taken {
  readonly event: string
  readonly type: string
  readonly api: string
  readonly created: string
  readonly payload: string
  readonly id: string
  readonly object: string
  readonly kind: string
  readonly customer: string
  readonly status: string
  readonly amount: number
  readonly rank: number
  readonly stamp: number
  readonly version: number
  readonly private: string
  readonly fact: string
  readonly data: string
  readonly now: string
}

/** Answers for each whether it was written; those of which another wrote the object meanwhile were not. */
const write = grouped(async (taken: readonly Taken[]) => {
  const firsts = new Map<string, Taken>()
  for (const one of taken) if (!firsts.has(one.object)) firsts.set(one.object, one)
  const { rows } = await pool.query<{ event: string }>({
    name: 'write',
    text: `with g as (select * from json_to_recordset($1::json) as g (event text, type text, api text, created timestamptz,
        payload text, id text, object text, kind text, customer text, status text, amount bigint, rank int, stamp bigint,
        version int, private text, fact text, data text, now timestamptz)),
      o as (insert into objects as o (id, gateway_id, kind, customer_id, status, amount, rank, stamp, version, private,
          created_at, updated_at)
        select id, object, kind, customer, status, amount, rank, stamp, 1, private, now, now from g order by object
        on conflict (gateway_id) do update set status = excluded.status, amount = excluded.amount, rank = excluded.rank,
          stamp = excluded.stamp, version = o.version + 1, private = excluded.private, updated_at = excluded.updated_at
        where o.version = (select version from g where g.object = o.gateway_id) returning gateway_id),
      e as (insert into webhook_events (id, type, api_version, created, object_id, customer_id, status, payload, received_at)
        select event, type, api, created, object, customer, 'processed', payload, now from g
        where object in (select gateway_id from o) on conflict do nothing returning id),
      f as (insert into outbox select fact, now, type, id, data, 'waiting' from g
        where event in (select id from e))
      select id as event from e`,
    values: [JSON.stringify([...firsts.values()])],
  })
  const written = new Set(rows.map(({ event }) => event))
  return taken.map(({ event }) => written.has(event))
})

const ranks: Readonly<Record<string, number>> = { succeeded: 3, paid: 3, canceled: 3 }

serve('POST /webhooks', async (asked) => {
  verifySignature(asked)
  const event = JSON.parse(asked.body)
  const { object } = event.data
  const place = { event: event.id, object: object.id, customer: object.customer }
  const answer = { status: 200, body: '{"received":true}', objectId: event.id }
  const payload = sealPayload(asked.body, event.id)
  for (;;) {
    const before = await known(place)
    if (before.event !== null) return answer
    const rank = ranks[object.status] ?? 0
    const order = rank - (before.rank ?? -1) || event.created - Number(before.stamp)
    const amount = object.amount_refunded ?? object.amount ?? object.amount_paid ?? 0
    const fields = { status: object.status, amount, items: object.items?.data.length ?? 0, metadata: object.metadata }
    const id = `row_${randomUUID()}`
    const fact = `event_${randomUUID()}`
    const isWritten = await write({
      ...{ ...place, type: event.type, api: event.api_version, payload, id, kind: object.object, fact },
      ...{ created: new Date(event.created * 1000).toISOString(), status: object.status, amount },
      ...{ rank: order < 0 ? (before.rank ?? 0) : rank, stamp: order < 0 ? Number(before.stamp) : event.created },
      ...{ version: before.version ?? 0, private: seal(JSON.stringify(object.metadata), id) },
      ...{ data: seal(JSON.stringify(fields), fact), now: new Date().toISOString() },
    })
    if (isWritten) return answer
  }
})
