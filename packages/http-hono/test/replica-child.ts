// A replica in a process of its own: it does what its parent asks it for, at the time that its parent tells.
import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin, isFlorinError, systemRuntime } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { Pool } from 'pg'
import type { Asked, Told } from './remote-replica.ts'

const {
  PREPARED_STATEMENTS,
  DATABASE_URL = '',
  STRIPE_API_BASE = '',
  WEBHOOK_SECRET = '',
  SETTINGS = '{}',
} = process.env

const pool = new Pool({ connectionString: DATABASE_URL, max: 3 })

let now = 0
const florin = createFlorin({
  storage: postgresStorage({ database: fromPool(pool, { preparedStatements: PREPARED_STATEMENTS !== 'false' }) }),
  gateway: stripeGateway({
    stripe: stripeClient({ secretKey: 'sk_test_replicas', apiBase: STRIPE_API_BASE }),
    webhookSecrets: [WEBHOOK_SECRET],
  }),
  cipher: nodeCipher({ current: { id: 'test', bytes: new Uint8Array(32).fill(7) } }),
  runtime: {
    ...systemRuntime,
    now: () => now,
    wait: (milliseconds) => systemRuntime.wait(Math.min(milliseconds, 2)),
  },
  settings: JSON.parse(SETTINGS),
})

process.on('message', (asked: Asked) => {
  now = asked.now
  void answer(asked).then((told) => process.send?.(told))
})

async function answer({ id, path, args }: Asked): Promise<Told> {
  try {
    // Names that the parent read of its own Florin, so they are there.
    const [use, ...within] = [...path].reverse()
    const group = within.reverse().reduce<unknown>((object, name) => Reflect.get(Object(object), name), florin)
    const value: unknown = await Reflect.apply(Reflect.get(Object(group), use ?? ''), group, args)
    return { id, value }
  } catch (error) {
    if (!isFlorinError(error))
      return { id, broken: error instanceof Error ? (error.stack ?? error.message) : 'unknown' }
    const { kind, code, message, details } = error
    return { id, refused: { kind, code, message, details, ...('outcome' in error && { outcome: error.outcome }) } }
  }
}
