import { randomUUID } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import {
  auditKey,
  auditSealer,
  type Database,
  fromPglite,
  migrateToLatest,
  postgresRetention,
  postgresStorage,
} from '@florin/adapter-postgres'
import { systemRuntime } from '@florin/core'
import { memoryRateLimiter } from '@florin/core/memory'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import {
  createStripeSandbox,
  type SandboxSnapshot,
  type StripeSandbox,
  sendToLoopback,
  type WebhookSender,
} from '@florin/stripe-sandbox'
import { jwtAuthenticator } from '../auth.ts'
import type { Logger } from '../logger.ts'
import { sandboxCallBudget } from './call-budget.ts'
import { type ComposedApp, composeApp, limitersOf, rulesOf } from './compose-app.ts'
import type { DevFolder } from './dev-folder.ts'
import { readEncryptionKey } from './encryption-key.ts'
import { later } from './later.ts'
import type { Fetch } from './listen.ts'
import { sandboxPrice, sandboxSecrets } from './sandbox-constants.ts'
import type { Config } from './variables.ts'

/** Sandbox mode, ready to be served. */
export interface ComposedSandbox {
  readonly fetch: Fetch
  /** Stripe, as the program sees it: for its own HTTP face. */
  readonly stripe: StripeSandbox
  /** Saves the state and closes everything. */
  close(): Promise<void>
}

/** Never looked up: webhooks for it go straight to the app. */
const webhookUrl = 'http://florin.internal/api/v1/webhooks/stripe'

/**
 * Opens sandbox mode: an embedded PostgreSQL, Stripe's sandbox in this process, one clock for both. Contacts nothing.
 *
 * Without a folder nothing is kept.
 */
export async function composeSandbox(
  config: Config,
  { folder, logger }: { readonly folder: DevFolder | undefined; readonly logger: Logger },
): Promise<ComposedSandbox> {
  const saved = folder?.readSandbox()
  const pglite = await PGlite.create(folder ? { dataDir: folder.database } : {})
  try {
    const database = fromPglite(pglite)
    await migrateToLatest(database)
    return await composeOn(database, { config, logger, folder, saved, closeDatabase: () => pglite.close() })
  } catch (error) {
    await pglite.close()
    throw error
  }
}

interface Parts {
  readonly config: Config
  readonly logger: Logger
  readonly folder: DevFolder | undefined
  readonly saved: SandboxSnapshot | undefined
  readonly closeDatabase: () => Promise<void>
}

async function composeOn(
  database: Database,
  { config, logger, folder, saved, closeDatabase }: Parts,
): Promise<ComposedSandbox> {
  // A restored sandbox goes on delivering at once; what it sends waits for the app.
  const opened = later<ComposedApp>()
  const sandbox = openStripe(saved, async (url, body, headers) => {
    if (url !== webhookUrl) return sendToLoopback(url, body, headers)
    const { deliver } = await opened.promise
    return { status: (await deliver(new Request(url, { method: 'POST', body, headers }))).status }
  })
  const keeper = stateKeeper(folder, sandbox)
  const callBudget = sandboxCallBudget(config)
  const app = composeApp({
    ...{ config, logger, callBudget },
    storage: postgresStorage({ database }),
    retention: postgresRetention({ database }),
    ...(config.AUDIT_KEY && { auditSealer: auditSealer({ database, key: auditKey(config.AUDIT_KEY.bytes) }) }),
    // Always the same key: what one start wrote, the next must read.
    cipher: nodeCipher({ current: readEncryptionKey(sandboxSecrets.ENCRYPTION_KEY) }),
    gateway: stripeGateway({
      stripe: stripeClient({
        secretKey: sandboxSecrets.STRIPE_SECRET_KEY,
        fetch: (input, init) => sandbox.fetch(input, init).finally(keeper.changed),
      }),
      webhookSecrets: [sandboxSecrets.STRIPE_WEBHOOK_SECRET],
      installation: config.FLORIN_INSTALLATION,
      callBudget,
    }),
    runtime: { ...systemRuntime, now: neverBackwards(() => sandbox.clock.nowMs()) },
    settings: { subscribablePrices: [sandboxPrice], ...rulesOf(config) },
    auth: jwtAuthenticator({
      secret: config.JWT_SECRET ?? sandboxSecrets.JWT_SECRET,
      ...(config.JWT_ISSUER !== undefined && { issuer: config.JWT_ISSUER }),
      ...(config.JWT_AUDIENCE !== undefined && { audience: config.JWT_AUDIENCE }),
    }),
    health: { checks: { postgres: { check: () => database.run({ name: 'health', text: 'select 1' }, []) } } },
    limiters: withoutWebhooks(limitersOf(config, memoryRateLimiter)),
  })
  opened.resolve(app)
  // Time went on while the sandbox was away: what fell due meanwhile happens now.
  await sandbox.clock.advanceTo(Math.max(sandbox.clock.now(), now()))
  app.background.start()
  return {
    fetch: app.fetch,
    stripe: {
      ...sandbox,
      exchange: (request) => sandbox.exchange(request).finally(keeper.changed),
    },
    async close() {
      await app.background.stop()
      sandbox.close()
      keeper.close()
      await closeDatabase()
    },
  }
}

const now = (): number => Math.floor(Date.now() / 1000)

function openStripe(saved: SandboxSnapshot | undefined, send: WebhookSender): StripeSandbox {
  // A new seed at each start: after a crash the database may know objects that the saved state does not, and new ones
  // must not get their ids.
  const seed = randomUUID()
  return createStripeSandbox({
    ...{ seed, send, now: now(), ticking: true },
    webhookEndpoints: [{ url: webhookUrl, secret: sandboxSecrets.STRIPE_WEBHOOK_SECRET }],
    ...(saved && { restore: { ...saved, seed } }),
  })
}

/** The sandbox counts whole seconds and adds what a real clock shows between two, so at their border it may step back. */
function neverBackwards(read: () => number): () => number {
  let latest = 0
  return () => {
    latest = Math.max(latest, read())
    return latest
  }
}

/** Webhooks come from inside of the process, over no connection that could be counted. */
const withoutWebhooks = (limiters: ReturnType<typeof limitersOf>) =>
  limiters && { limiter: limiters.limiter, failureLimiter: limiters.failureLimiter }

/** A state that takes longer to write is not written at once, or it would slow down every call. */
const QUICK_MS = 20

/**
 * Writes the sandbox's state before an answer goes out, so that even a process that is killed leaves both sides with the
 * same objects. Once the state is large, it is written every second.
 */
function stateKeeper(folder: DevFolder | undefined, sandbox: StripeSandbox) {
  let isChanged = true
  let lastMs = 0
  const save = (): void => {
    if (!folder || !isChanged) return
    isChanged = false
    const start = performance.now()
    folder.writeSandbox(sandbox.state.snapshot())
    lastMs = performance.now() - start
  }
  const timer = setInterval(save, 1000).unref()
  return {
    changed(): void {
      isChanged = true
      if (lastMs < QUICK_MS) save()
    },
    close(): void {
      clearInterval(timer)
      save()
    },
  }
}
