import { randomUUID } from 'node:crypto'
import { manyCalls, startByHand, startFlorin, startServer, token } from '../servers.ts'
import type { Suite } from '../suite.ts'

const USERS = 250

const bodies = Array.from({ length: USERS }, (_, index) => ({
  ...{ user_id: `user_${index}`, amount: 1999, currency: 'USD', payment_method: 'pm_card_visa' },
}))

const requests = 'load/api-requests.ts'
const most = 9000

/** Payments with a token and a key each. */
async function keyed(path: string, round: number) {
  const headers = { Authorization: `Bearer ${await token('shop', 'service')}`, 'Idempotency-Key': `order-${round}-#` }
  return { requests, most, parameters: { method: 'POST', paths: [path], bodies, headers } }
}

export const payments: Suite = {
  name: 'payments',
  about: 'A payment with a saved customer, confirmed at once; Stripe answers without a delay',
  contestants: [
    {
      name: 'florin',
      does: 'commits the intent, calls Stripe, commits the answer, the audit line and the domain event',
      async start(world) {
        const running = await startFlorin(world, { name: 'florin_payments', env: manyCalls })
        const authorization = `Bearer ${await token('shop', 'service')}`
        await Promise.all(
          bodies.map(async (body) => {
            const answer = await fetch(`http://127.0.0.1:${running.port}/api/v1/payments`, {
              method: 'POST',
              headers: { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
              body: JSON.stringify(body),
            })
            if (answer.status !== 201) throw new Error(`the first payment was answered ${await answer.text()}`)
          }),
        )
        return running
      },
      load: (_running, _world, round) => keyed('/api/v1/payments', round),
    },
    {
      name: 'by hand',
      does: 'all that Florin does for this request, written out: no schemas, no recovery, no keys of users',
      start: (world) => startByHand(world, 'create_payment_by_hand', 'create-payment.ts'),
      load: (_running, _world, round) => keyed('/payments', round),
    },
    {
      name: 'INSERT, call, UPDATE',
      does: 'named statements and stripe-node, each awaited',
      start: (world) =>
        startServer(
          world,
          'create_payment',
          'servers/create-payment.ts',
          `create table payments (id text primary key, user_id text not null, amount bigint not null,
             currency text not null, status text not null, gateway_id text,
             created_at timestamptz not null default now())`,
        ),
      load: async () => ({
        ...{ requests, most },
        parameters: { method: 'POST', paths: ['/payments'], bodies, headers: {} },
      }),
    },
  ],
  connections: [1, 16, 64],
  quick: { connections: [64] },
}
