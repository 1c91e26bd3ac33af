import { pgbouncer, startPgBouncer } from '../../packages/adapter-postgres/test/pgbouncer.ts'
import { startFlorin } from '../servers.ts'
import type { Contestant, Running, Suite } from '../suite.ts'
import type { World } from '../world.ts'
import { florinWebhooks } from './webhooks.ts'

/** As many as one server opens by itself, so that the two differ in nothing but the number of processes. */
const CONNECTIONS = 10

/** Servers over one PostgreSQL, behind one PgBouncer in transaction mode, and one Redis. */
async function startBehindPgBouncer(world: World, count: number): Promise<Running> {
  if (!pgbouncer) throw new Error('PgBouncer is not installed (Debian: apt-get install pgbouncer)')
  const bouncer = await startPgBouncer(pgbouncer, world.databaseUrl, { poolSize: CONNECTIONS })
  const options = { name: `florin_replicas_${count}`, env: { DB_PREPARED_STATEMENTS: 'false' }, through: bouncer.url }
  const first = await startFlorin(world, options)
  const others = await Promise.all(
    Array.from({ length: count - 1 }, (_, index) => first.startAnother(`${options.name}_${index + 2}`)),
  )
  return {
    ...first,
    replicas: others,
    async stop() {
      await Promise.all([first.stop(), ...others.map((other) => other.stop())])
      await bouncer.stop()
    },
  }
}

const behindPgBouncer = (count: number, name: string): Contestant => ({
  ...florinWebhooks,
  name,
  start: (world) => startBehindPgBouncer(world, count),
  load: async (...what) => ({ ...(await florinWebhooks.load(...what)), most: 6000 }),
})

const contestants = [behindPgBouncer(4, 'four'), behindPgBouncer(2, 'two'), behindPgBouncer(1, 'one')] as const

export const replicas: Suite = {
  name: 'webhooks, replicas',
  about: 'Servers over one PostgreSQL, behind PgBouncer in transaction mode without prepared statements, share a load',
  contestants,
  connections: [64],
  quick: false,
}

export const busyReplicas: Suite = {
  name: 'webhooks, as many at each replica',
  about: 'The same, and each server has the whole load that one has',
  contestants,
  connections: [64],
  connectionsAre: 'for each server',
  quick: false,
}
