import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { freePort } from '../test/services/port.ts'
import { type ProgramOptions, startProgram } from './program.ts'
import { tables } from './servers/by-hand/tables.ts'
import type { Replica, Running } from './suite.ts'
import { here, type World } from './world.ts'

const jwtSecret = randomBytes(32).toString('hex')
export const webhookSecret = 'whsec_bench'

/** A token that the server takes. */
export const token = (sub: string, ...roles: readonly string[]): Promise<string> =>
  new SignJWT({ roles })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setExpirationTime('8h')
    .sign(new TextEncoder().encode(jwtSecret))

const florin = '../packages/http-hono/dist/cli/main.js'

export interface FlorinOptions {
  /** Names its database and its log. */
  readonly name: string
  readonly env?: Readonly<Record<string, string>>
  /** A pooler, through which the server reaches its database. */
  readonly through?: string
}

/** Stripe would allow 25 calls a second. What is measured here is how many Florin could make. */
export const manyCalls = { STRIPE_RATE_LIMIT_PER_SECOND: '0' }

/** `florin serve` that is up, and how another one beside it is started. */
export interface RunningFlorin extends Running {
  startAnother(name: string): Promise<Replica & { stop(): Promise<void> }>
}

/** `florin serve` as it is built, in a process of its own, with everything on that it has. */
export async function startFlorin(world: World, { name, env = {}, through }: FlorinOptions): Promise<RunningFlorin> {
  const { url, pool } = await world.createDatabase(name)
  const settings = {
    ...{ DATABASE_URL: url, REDIS_URL: world.redisUrl, SERVER_HOST: '127.0.0.1' },
    ...{ STRIPE_SECRET_KEY: 'sk_test_bench', STRIPE_WEBHOOK_SECRET: webhookSecret },
    ...{ STRIPE_API_BASE: `http://127.0.0.1:${world.stripePort}`, JWT_SECRET: jwtSecret },
    ENCRYPTION_KEY: `base64:${randomBytes(32).toString('base64')}`,
    // Every request is counted in Redis, and none is refused: the load names 250 clients, as a proxy does.
    ...{ RATE_LIMIT_PER_MINUTE: '1000000', TRUST_PROXY: '1' },
    ...env,
  }
  const nodeArgs = world.profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(world.profiles, name)}`]
  execFileSync(process.execPath, [here(florin), 'migrate', 'up'], { cwd: world.folder, env: settings })
  const reached = through === undefined ? url : new URL(new URL(url).pathname, through).href
  const serve = { file: here(florin), args: ['serve'], env: { ...settings, DATABASE_URL: reached }, nodeArgs }
  const startAnother = (its: string) => startOnPort(world, its, serve)
  return { ...(await startAnother(name)), database: pool, startAnother }
}

/** A server of this folder, in a process of its own, with tables of its own. */
export async function startServer(
  world: World,
  name: string,
  file: string,
  tables: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const { url, pool } = await world.createDatabase(name)
  await pool.query(tables)
  const own = { DATABASE_URL: url, WEBHOOK_SECRET: webhookSecret, STRIPE_PORT: String(world.stripePort) }
  const env = { ...own, ...more }
  return { ...(await startOnPort(world, name, { file: here(file), env })), database: pool }
}

/** A server that does all of a request's job by hand: see `servers/by-hand`. */
export const startByHand = (world: World, name: string, file: string): Promise<Running> =>
  startServer(world, name, `servers/by-hand/${file}`, tables, { JWT_SECRET: jwtSecret, REDIS_URL: world.redisUrl })

type Start = Pick<ProgramOptions, 'file' | 'env' | 'args' | 'nodeArgs'>

async function startOnPort(world: World, name: string, start: Start) {
  const port = await freePort()
  const env = { ...start.env, SERVER_PORT: String(port) }
  const output = join(world.folder, 'logs', name)
  return { port, ...(await startProgram({ ...start, env, port, folder: world.folder, output })) }
}
