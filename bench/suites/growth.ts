import { type Growth, grow } from '../growth-data.ts'
import { startFlorin, token, webhookSecret } from '../servers.ts'
import type { Contestant, Running, Suite } from '../suite.ts'
import type { World } from '../world.ts'

const LIMIT = 10

/** What has grown is filled once, and asked by all that need it. Nothing of it may be old enough to be pruned meanwhile. */
function grownOnce(growth: Growth): (world: World) => Promise<Running> {
  let started: Promise<Running> | undefined
  return (world) => {
    started ??= (async () => {
      const running = await startFlorin(world, { name: 'florin_grown', env: { PAYLOAD_RETENTION: '3650d' } })
      await grow(running.database, growth, (line) => console.log(`  filled ${line}`))
      console.log(await sizes(running))
      return running
    })()
    return started
  }
}

async function sizes({ database }: Running): Promise<string> {
  const { rows } = await database.query(
    `select coalesce(p.inhparent::regclass, c.oid::regclass)::text as name, sum(pg_table_size(c.oid)) as rows,
       sum(pg_indexes_size(c.oid)) as indexes
     from pg_class c left join pg_inherits p on p.inhrelid = c.oid where c.relkind = 'r'
     and coalesce(p.inhparent::regclass, c.oid::regclass)::text in ('webhook_events', 'transactions', 'outbox') group by 1 order by 1`,
  )
  const megabytes = (bytes: string) => Math.round(Number(bytes) / 2 ** 20)
  return rows.map((row) => `  ${row.name}: ${megabytes(row.rows)} MB, indexes ${megabytes(row.indexes)} MB`).join('\n')
}

/** A page of one user's payments, as deep as it lies. */
const pageOf = (name: string, depth: number, start: Contestant['start'], grown: Growth): Contestant => ({
  name,
  does: `GET /api/v1/users/:id/payments?limit=${LIMIT}, by keyset`,
  async start(world) {
    const running = await start(world)
    // The suite that comes first ends the server for the second one, too.
    return { ...running, stop: async () => {} }
  },
  async load({ database }) {
    const { rows } = await database.query(
      `select created_at as at, id from transactions where user_id = 'user_grown'
       order by created_at desc, id desc offset $1 limit 1`,
      [Math.max(Math.min(depth, grown.payments - LIMIT) - 1, 0)],
    )
    const cursor = Buffer.from(JSON.stringify([rows[0]?.at.toISOString(), rows[0]?.id])).toString('base64url')
    const path = `/api/v1/users/user_grown/payments?limit=${LIMIT}${depth > 0 ? `&cursor=${cursor}` : ''}`
    return {
      ...{ requests: 'load/api-requests.ts', repeat: true as const },
      parameters: {
        ...{ method: 'GET', paths: Array.from({ length: 100 }, () => path) },
        headers: { Authorization: `Bearer ${await token('desk', 'support')}` },
      },
    }
  },
})

const webhooks = (name: string, start: Contestant['start']): Contestant => ({
  ...{ name, does: 'takes new webhooks', start },
  load: async (_running, _world, round) => ({
    ...{ requests: 'load/webhook-requests.ts', most: 14_000 },
    parameters: { path: '/api/v1/webhooks/stripe', secret: webhookSecret, round },
  }),
})

/** Does what was measured hold in a database that has grown? */
export function growthSuites(growth: Growth): readonly Suite[] {
  const start = grownOnce(growth)
  const count = growth.events.toLocaleString('en')
  const depth = 1000 * LIMIT
  return [
    {
      name: 'lists',
      about: `Pages of ${growth.payments.toLocaleString('en')} payments of one user`,
      contestants: [pageOf('page 1', 0, start, growth), pageOf('page 1,000', depth, start, growth)],
      connections: [1, 16],
      quick: false,
    },
    {
      name: 'webhooks, grown',
      about: `New events where ${count} are stored, and where only those of this run are`,
      contestants: [
        webhooks(`${count} stored`, start),
        webhooks('few stored', (world) => startFlorin(world, { name: 'florin_empty' })),
      ],
      connections: [64],
      quick: false,
    },
  ]
}
