import { createStripeSandbox, type SandboxOptions, type StripeSandbox } from '@florin/stripe-sandbox'
import { validating } from '../../stripe-sandbox/test/validating.ts'
import { budgetedGateway } from '../src/budgeted-gateway.ts'
import { checkSettings } from '../src/check-settings.ts'
import { keyStore } from '../src/data-keys/key-store.ts'
import type { Deps } from '../src/deps.ts'
import { idMaker } from '../src/ids.ts'
import { type Actor, createFlorin, type Florin, type GivenSettings, type Happening } from '../src/index.ts'
import { memoryStorage } from '../src/memory/index.ts'
import type { CallBudget } from '../src/ports/call-budget.ts'
import type { PaymentGateway } from '../src/ports/gateway.ts'
import type { Storage } from '../src/ports/storage.ts'
import type { StoredTables } from '../src/ports/tables.ts'
import { systemRuntime } from '../src/runtime.ts'
import { stripeClient, stripeGateway } from '../src/stripe/index.ts'
import { opened, testCipher } from './opened.ts'

/** Florin over memory and the sandbox, with everything that a test wants to look at or disturb. */
export interface SandboxedFlorin {
  readonly florin: Florin
  /** What its use cases work with, for those that have no door of their own. */
  readonly deps: Deps
  readonly sandbox: StripeSandbox
  readonly storage: Storage<StoredTables>
  readonly gateway: PaymentGateway
  /** What was asked of the storage and of Stripe since the last `reset`. */
  readonly counts: { loads: number; commits: number; calls: number; reset(): void }
  readonly happenings: Happening[]
  /** Moves the sandbox's clock and waits until every webhook was delivered. */
  advance(seconds: number): Promise<void>
}

const secret = 'whsec_florin_test'

export const service: Actor = { id: 'shop', roles: ['service'] }
export const alice: Actor = { id: 'user_alice', roles: ['user'] }
export const bob: Actor = { id: 'user_bob', roles: ['user'] }

/** Whoever waits for another request's lease waits in vain: time stands still. Long waits would only be long. */
export const impatient = (milliseconds: number) => systemRuntime.wait(Math.min(milliseconds, 2))

export function sandboxedFlorin(
  options: {
    settings?: GivenSettings
    sandbox?: SandboxOptions
    /** Off: the sandbox keeps its webhooks to itself, and Florin knows only what it was answered. */
    webhooks?: boolean
    /** Another process over the same database and the same Stripe. */
    beside?: SandboxedFlorin
    storage?: (inner: Storage<StoredTables>) => Storage<StoredTables>
    gateway?: (inner: PaymentGateway) => PaymentGateway
    /** Off: the sandbox's answers are not held against Stripe's types, which takes its time. */
    isValidated?: boolean
    /** How it waits for others; really, where absent. The sandbox's clock stands still meanwhile. */
    wait?: (milliseconds: number) => Promise<void>
    callBudget?: CallBudget
  } = {},
): SandboxedFlorin {
  const happenings: Happening[] = []
  const counts = {
    loads: 0,
    commits: 0,
    calls: 0,
    reset: () => Object.assign(counts, { loads: 0, commits: 0, calls: 0 }),
  }
  const endpoint = { url: 'http://florin.test/webhooks', secret }
  const newSandbox = () =>
    createStripeSandbox({
      ...(options.webhooks !== false && { webhookEndpoints: [endpoint] }),
      send: async (_, body, headers) => {
        try {
          await florin.webhooks.receive(body, headers['Stripe-Signature'] ?? headers['stripe-signature'])
          return { status: 200 }
        } catch {
          return { status: 500 }
        }
      },
      ...options.sandbox,
    })
  const sandbox = options.beside?.sandbox ?? (options.isValidated === false ? newSandbox() : validating(newSandbox()))
  const now = () => sandbox.clock.now() * 1000
  const runtime = { ...systemRuntime, now, ...(options.wait && { wait: options.wait }) }
  const stripe = stripeClient({ secretKey: 'sk_test_florin', fetch: sandbox.fetch })
  const direct = stripeGateway({
    ...{ stripe, webhookSecrets: [secret], callBudget: options.callBudget },
    runtime: { ...systemRuntime, ...(options.wait && { wait: options.wait }) },
  })
  const counted: PaymentGateway = {
    ...direct,
    send: (call, key) => {
      counts.calls += 1
      return direct.send(call, key)
    },
    read: (ref) => {
      counts.calls += 1
      return direct.read(ref)
    },
  }
  const gateway = options.gateway ? options.gateway(counted) : counted
  const inner = options.beside?.storage ?? memoryStorage()
  const countedStorage: Storage<StoredTables> = {
    load: (query) => {
      counts.loads += 1
      return inner.load(query)
    },
    commit: (commit) => {
      counts.commits += 1
      return inner.commit(commit)
    },
  }
  const storage = options.storage ? options.storage(countedStorage) : countedStorage
  const settings = { subscribablePrices: ['price_1234567890'], ...options.settings }
  const observer = { tell: (happening: Happening) => void happenings.push(happening) }
  const { callBudget } = options
  const florin = createFlorin({ storage, gateway, cipher: testCipher, runtime, callBudget, observer, settings })
  const deps: Deps = {
    storage: opened(storage),
    stored: storage,
    gateway: budgetedGateway({ gateway, budget: callBudget, share: 'interactive', runtime, observer }),
    isErased: keyStore(storage, testCipher, { runtime, newId: idMaker(runtime) }).isErased,
    digest: (text) => testCipher.digest(text),
    installed: {},
    ...{ runtime, newId: idMaker(runtime), observer, settings: checkSettings(settings, gateway.livemode) },
  }
  return {
    ...{ florin, deps, sandbox, storage: inner, gateway, counts, happenings },
    async advance(seconds) {
      await sandbox.clock.advance(seconds)
      await sandbox.webhooks.settled()
    },
  }
}
