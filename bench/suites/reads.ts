import { randomUUID } from 'node:crypto'
import { manyCalls, startFlorin, startServer, token } from '../servers.ts'
import type { Running, Suite } from '../suite.ts'

const PAYMENTS = 2000

const requests = 'load/api-requests.ts'

/** Ids that were stored, by their server. */
const stored = new WeakMap<Running, readonly string[]>()

export const reads: Suite = {
  name: 'reads',
  about: 'A payment by its id, one of 2,000',
  contestants: [
    {
      name: 'florin',
      does: 'checks the token, counts the request in Redis and for the metrics, opens the sealed columns, logs',
      async start(world) {
        const running = await startFlorin(world, { name: 'florin_reads', env: manyCalls })
        stored.set(running, await pay(running, PAYMENTS))
        return running
      },
      async load(running) {
        const paths = (stored.get(running) ?? []).map((id) => `/api/v1/payments/${id}`)
        const headers = { Authorization: `Bearer ${await token('desk', 'support')}` }
        return { requests, repeat: true, parameters: { method: 'GET', paths, headers } }
      },
    },
    {
      name: 'SELECT',
      does: 'one named SELECT over a pool of 10, and nothing else',
      async start(world) {
        const running = await startServer(world, 'read_payment', 'servers/read-payment.ts', table)
        const { rows } = await running.database.query(fill, [PAYMENTS])
        stored.set(
          running,
          rows.map(({ id }) => id),
        )
        return running
      },
      load: async (running) => ({
        ...{ requests, repeat: true },
        parameters: { method: 'GET', paths: (stored.get(running) ?? []).map((id) => `/payments/${id}`), headers: {} },
      }),
    },
  ],
  connections: [1, 16, 64],
  quick: { connections: [64] },
}

/** Makes payments through the API, so that all columns are as in life, and answers their ids. */
async function pay({ port }: Running, count: number): Promise<readonly string[]> {
  const authorization = `Bearer ${await token('shop', 'service')}`
  const ids: string[] = []
  const pay = async () => {
    while (ids.length < count) {
      const user = `user_${ids.length % 50}`
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/payments`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
        body: JSON.stringify({
          ...{ user_id: user, amount: 1999, currency: 'USD', payment_method: 'pm_card_visa' },
          ...{ description: 'Two tickets for the late show', metadata: { order: '1234' } },
        }),
      })
      if (answer.status !== 201) throw new Error(`a payment was answered ${await answer.text()}`)
      const { id } = (await answer.json()) as { id: string }
      ids.push(id)
    }
  }
  await Promise.all(Array.from({ length: 16 }, pay))
  return ids
}

// The columns that Florin answers, in clear.
const table = `create table payments (
  id text primary key, user_id text not null, amount bigint not null, amount_captured bigint not null,
  amount_refunded bigint not null, currency text not null, status text not null, payment_method text,
  description text, reference text, metadata jsonb not null, capture_method text not null, gateway_id text not null,
  created_at timestamptz not null, updated_at timestamptz not null
)`

const fill = `insert into payments
  select 'tx_' || md5(n::text), 'user_' || n % 50, 1999, 1999, 0, 'USD', 'succeeded', 'pm_card_visa',
    'Two tickets for the late show', null, '{"order":"1234"}', 'automatic', 'pi_' || md5(n::text), now(), now()
  from generate_series(1, $1::int) as n returning id`
