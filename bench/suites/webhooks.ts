import { startByHand, startFlorin, startServer, webhookSecret } from '../servers.ts'
import type { Contestant, Running, Suite } from '../suite.ts'
import type { World } from '../world.ts'

const requests = 'load/webhook-requests.ts'

const most = 14_000

export const florinWebhooks = {
  name: 'florin',
  does: 'verifies, stores the event sealed, folds it into its row, writes the domain event',
  start: (world: World, name = 'florin_webhooks') => startFlorin(world, { name }),
  load: async (_running: Running, _world: World, round: number) => ({
    ...{ requests, most },
    parameters: { path: '/api/v1/webhooks/stripe', secret: webhookSecret, round },
  }),
} satisfies Contestant

/** What others that take webhooks at `/webhooks` are sent. */
export const plainWebhooks = (path = '/webhooks') => ({
  load: async (_running: Running, _world: unknown, round: number) => ({
    ...{ requests, most },
    parameters: { path, secret: webhookSecret, round },
  }),
})

const insertWebhook: Contestant = {
  name: 'verify + INSERT',
  does: 'verifies, stores the event by one named INSERT',
  start: (world) =>
    startServer(
      world,
      'insert_webhook',
      'servers/insert-webhook.ts',
      `create table webhook_events (id text primary key, type text not null, api_version text,
         created timestamptz not null, payload jsonb not null, received_at timestamptz not null default now())`,
    ),
  ...plainWebhooks(),
}

const byHand: Contestant = {
  name: 'by hand',
  does: 'all that Florin does for these events, written out: no schemas, one field of state, no keys of users',
  start: (world) => startByHand(world, 'take_webhook_by_hand', 'take-webhook.ts'),
  ...plainWebhooks(),
}

export const webhooks: Suite = {
  name: 'webhooks',
  about: 'A new event in every request: payments, subscriptions, invoices and refunds, 4 KB each, signed',
  contestants: [{ ...florinWebhooks, start: (world) => florinWebhooks.start(world) }, byHand, insertWebhook],
  connections: [1, 16, 64],
  quick: { connections: [1, 16, 64] },
}

export const sameSecond: Suite = {
  name: 'webhooks, one second',
  about: 'The same, and every event was made in the same second, so that only their contents tell their order',
  contestants: [
    {
      ...florinWebhooks,
      start: (world) => florinWebhooks.start(world, 'florin_same_second'),
      load: async (running, world, round) => {
        const load = await florinWebhooks.load(running, world, round)
        return { ...load, parameters: { ...load.parameters, sameSecond: true } }
      },
    },
    insertWebhook,
  ],
  connections: [64],
  quick: false,
}
