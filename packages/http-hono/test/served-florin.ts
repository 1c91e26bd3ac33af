import { randomBytes } from 'node:crypto'
import { createStripeSandbox, type StripeSandbox, serveSandbox, type WebhookSender } from '@florin/stripe-sandbox'
import { SignJWT } from 'jose'
import type { Pool } from 'pg'
import { inject, onTestFinished } from 'vitest'
import { ownRedis } from '../../../test/services/own-redis.ts'
import { freePort } from '../../../test/services/port.ts'
import { freshDatabase } from '../../adapter-postgres/test/fresh-database.ts'
import { type Running, startFlorin, temporaryFolder } from './cli-process.ts'

const serveSecrets = {
  STRIPE_SECRET_KEY: 'sk_test_serve',
  STRIPE_WEBHOOK_SECRET: 'whsec_serve',
  JWT_SECRET: 'a secret of more than thirty-two characters',
  ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
}

/** A `florin serve` in a process of its own. */
export interface Replica extends Running {
  readonly url: string
  readonly port: number
}

/** A database and a Stripe of their own, in this process's hands, and any number of servers over them. */
export interface ServedWorld {
  readonly sandbox: StripeSandbox
  readonly stripeUrl: string
  readonly databaseUrl: string
  /** For looking into the database, by its own way. */
  readonly pool: Pool
  /** Of a service: it may act for any user. */
  readonly token: string
  /** Where webhooks go from now on; they fail, and come again, before it is called. */
  deliverTo(send: WebhookSender): void
  serve(options?: ServeOptions): Promise<Replica>
}

interface ServeOptions {
  readonly port?: number
  readonly environment?: Readonly<Record<string, string>>
  readonly fileLimit?: number
}

interface WorldOptions {
  /** A PostgreSQL whose user may create databases; the shared one where absent. */
  readonly serverUrl?: string
  readonly redisUrl?: string
}

export async function openServedWorld({
  serverUrl = inject('databaseUrl'),
  redisUrl = ownRedis(),
}: WorldOptions = {}): Promise<ServedWorld> {
  const database = await freshDatabase({ server: serverUrl })
  onTestFinished(() => database.close())
  let send: WebhookSender = () => Promise.reject(new Error('nobody takes webhooks yet'))
  const sandbox = createStripeSandbox({
    ...{ seed: randomBytes(8).toString('hex'), now: Math.floor(Date.now() / 1000), ticking: true },
    webhookMode: { concurrency: 4 },
    webhookEndpoints: [{ url: 'http://127.0.0.1/api/v1/webhooks/stripe', secret: serveSecrets.STRIPE_WEBHOOK_SECRET }],
    send: (...given) => send(...given),
  })
  const served = await serveSandbox(sandbox, { port: 0 })
  onTestFinished(async () => {
    sandbox.close()
    await served.close()
  })
  const folder = temporaryFolder()
  return {
    ...{
      sandbox,
      stripeUrl: served.url,
      databaseUrl: database.url,
      pool: database.pool({ max: 2 }),
      token: await serviceToken(),
    },
    deliverTo(next) {
      send = next
    },
    async serve({ port, environment = {}, fileLimit } = {}) {
      const chosen = port ?? (await freePort())
      const running = startFlorin(['serve'], {
        ...{ folder, ...(fileLimit !== undefined && { fileLimit }) },
        environment: {
          ...serveSecrets,
          ...{ DATABASE_URL: database.url, REDIS_URL: redisUrl, STRIPE_API_BASE: served.url },
          ...{ SERVER_PORT: `${chosen}`, SERVER_HOST: '127.0.0.1', SHUTDOWN_DELAY: '0' },
          ...{ RATE_LIMIT_PER_MINUTE: '1000000', STRIPE_RATE_LIMIT_PER_SECOND: '0', LOG_LEVEL: 'warn', ...environment },
        },
      })
      const replica = { ...running, port: chosen, url: `http://127.0.0.1:${chosen}` }
      await untilLive(replica)
      return replica
    },
  }
}

function serviceToken(): Promise<string> {
  const key = new TextEncoder().encode(serveSecrets.JWT_SECRET)
  const token = new SignJWT({ roles: ['service'] }).setSubject('shop').setExpirationTime('1h')
  return token.setProtectedHeader({ alg: 'HS256' }).sign(key)
}

/** Waits until the server answers, whatever it says of its health; fails when its process ends before. */
async function untilLive({ url, ended, output }: Replica): Promise<void> {
  let hasEnded = false
  void ended().then(() => {
    hasEnded = true
  })
  const deadline = performance.now() + 60_000
  while (!(await statusOf(`${url}/health/live`))) {
    if (hasEnded || performance.now() > deadline) throw new Error(`florin serve did not start:\n${output()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The status of an answer, or undefined where there is none. */
export const statusOf = (url: string): Promise<number | undefined> =>
  fetch(url).then(
    ({ status }) => status,
    () => undefined,
  )
