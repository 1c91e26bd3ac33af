import Stripe from 'stripe'
import { createFlorin, type Florin, type Happening, type Settings } from '../src/index.ts'
import { memoryStorage } from '../src/memory/index.ts'
import { writeSnapshot } from '../src/memory/memory-snapshot.ts'
import type { PaymentGateway } from '../src/ports/gateway.ts'
import type { Storage } from '../src/ports/storage.ts'
import { many } from '../src/ports/storage.ts'
import type { StoredTables, TableName } from '../src/ports/tables.ts'
import { uniqueKeys } from '../src/ports/tables.ts'
import { systemRuntime } from '../src/runtime.ts'
import { stripeClient, stripeGateway } from '../src/stripe/index.ts'
import { testCipher } from './opened.ts'
import { alice, bob, type SandboxedFlorin, service } from './sandboxed-florin.ts'

const DAY = 24 * 3600

/** A Florin whose waiting takes no time, but is counted: what it asked of the gateway, and when by its own clock. */
export interface UnhurriedFlorin {
  readonly florin: Florin
  readonly storage: Storage<StoredTables>
  /** When each list or read was sent, in the milliseconds that it waited for. */
  readonly calls: number[]
  readonly happenings: Happening[]
}

/** Another Florin over the same Stripe: over the same storage, or over one of its own. */
export function unhurried(
  { sandbox }: Pick<SandboxedFlorin, 'sandbox'>,
  options: {
    storage?: Storage<StoredTables>
    settings?: Partial<Settings>
    gateway?: (inner: PaymentGateway) => PaymentGateway
    /** Whether the clock shows the time that was waited; else it stands still, as the sandbox's does. */
    moving?: boolean
  } = {},
): UnhurriedFlorin {
  const storage = options.storage ?? memoryStorage()
  const [calls, happenings]: [number[], Happening[]] = [[], []]
  let waited = 0
  const stripe = stripeClient({ secretKey: 'sk_test_florin', fetch: sandbox.fetch })
  const installation = options.settings?.installation
  const direct = stripeGateway({ stripe, webhookSecrets: ['whsec'], ...(installation && { installation }) })
  const called = <T>(answer: T): T => {
    calls.push(waited)
    return answer
  }
  const counted: PaymentGateway = {
    ...direct,
    read: (ref) => called(direct.read(ref)),
    list: (query) => called(direct.list(query)),
    events: { ...direct.events, list: (query) => called(direct.events.list(query)) },
  }
  const florin = createFlorin({
    storage,
    gateway: options.gateway ? options.gateway(counted) : counted,
    cipher: testCipher,
    runtime: {
      ...systemRuntime,
      now: () => sandbox.clock.now() * 1000 + (options.moving ? waited : 0),
      wait: async (milliseconds) => {
        waited += milliseconds
      },
    },
    observer: { tell: (happening) => void happenings.push(happening) },
    ...(options.settings && { settings: options.settings }),
  })
  return { florin, storage, calls, happenings }
}

/** All rows of a table, as they are stored. */
export async function rowsIn<T extends TableName>(storage: Storage<StoredTables>, table: T) {
  const { rows } = await storage.load({ rows: many<TableName>(table, {}) })
  return rows as readonly StoredTables[T][]
}

type StoredRow = StoredTables[TableName]

/** The same rows in a storage of their own, some of them altered or gone behind Florin's back. */
export async function altered(
  storage: Storage<StoredTables>,
  alter: (table: TableName, row: StoredRow) => object | undefined,
): Promise<Storage<StoredTables>> {
  const rows = []
  for (const table of Object.keys(uniqueKeys) as TableName[]) {
    for (const row of await rowsIn(storage, table)) {
      const left = alter(table, row)
      // What a test puts in place of a cell is the cell's own affair.
      if (left) rows.push({ table, row: left as StoredRow })
    }
  }
  return memoryStorage({ snapshot: writeSnapshot(rows) })
}

/** Stripe, as somebody else uses it: its dashboard, or another program. */
export const dashboardOf = ({ sandbox }: Pick<SandboxedFlorin, 'sandbox'>) =>
  new Stripe('sk_test_florin', {
    httpClient: Stripe.createFetchHttpClient((input, init) => sandbox.fetch(input, init)),
    maxNetworkRetries: 0,
    telemetry: false,
  })

/** Lives a life in which everything that Florin keeps comes to be, in most of the states that it can have. */
export async function liveFully(
  world: Pick<SandboxedFlorin, 'florin' | 'sandbox'>,
  { days = [2, 31, 10] }: { days?: readonly number[] } = {},
): Promise<void> {
  const { florin, sandbox } = world
  const by = { actor: service }
  const returnUrl = 'https://shop.example/back'
  const pay = async (userId: string, paymentMethod: string, more: { captureMethod?: 'manual' } = {}) =>
    (await florin.payments.create({ userId, amount: 2000, currency: 'USD', paymentMethod, returnUrl, ...more }, by))
      .data
  const paid = await pay(alice.id, 'pm_card_visa')
  await florin.refunds.create({ transactionId: paid.id, amount: 500 }, by)
  await florin.refunds.create({ transactionId: paid.id, amount: 300 }, by)
  const failing = await pay(alice.id, 'pm_card_refundFail')
  await florin.refunds.create({ transactionId: failing.id, amount: 700 }, by)
  await pay(bob.id, 'pm_card_chargeDeclined')
  await pay(bob.id, 'pm_card_threeDSecure2Required')
  await pay(bob.id, 'pm_card_createDispute')
  const held = await pay(bob.id, 'pm_card_visa', { captureMethod: 'manual' })
  await florin.payments.capture({ id: held.id, amount: 1200 }, by)
  await florin.payments.cancel({ id: (await pay(bob.id, 'pm_card_visa', { captureMethod: 'manual' })).id }, by)
  await pay(alice.id, 'pm_card_visa', { captureMethod: 'manual' })
  await florin.payments.create({ userId: alice.id, amount: 900, currency: 'EUR' }, by)

  await florin.paymentMethods.attach({ userId: alice.id, paymentMethod: 'pm_card_visa', setDefault: true }, by)
  const old = await florin.paymentMethods.attach({ userId: alice.id, paymentMethod: 'pm_card_mastercard' }, by)
  await florin.paymentMethods.detach({ id: old.data.id }, by)

  const plan = { userId: alice.id, priceId: 'price_1234567890' }
  const subscribe = async (more: object = {}) =>
    (await florin.subscriptions.create({ ...plan, paymentMethod: 'pm_card_visa', ...more }, by)).data
  await subscribe()
  await subscribe({ trialDays: 90 })
  await subscribe({ paymentMethod: 'pm_card_chargeCustomerFail', trialDays: 7, userId: bob.id })
  await florin.subscriptions.cancel({ id: (await subscribe()).id }, by)
  await florin.subscriptions.cancel({ id: (await subscribe()).id, atPeriodEnd: true }, by)

  const stripe = dashboardOf(world)
  const walkIn = await stripe.customers.create({ email: 'walk-in@example.com' })
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: walkIn.id })
  const confirm = { confirm: true, payment_method: card.id, return_url: returnUrl }
  const made = await stripe.paymentIntents.create({ amount: 4200, currency: 'usd', customer: walkIn.id, ...confirm })
  await stripe.refunds.create({ payment_intent: made.id, amount: 100 })
  await stripe.refunds.create({ payment_intent: made.id, amount: 200 })
  await stripe.paymentIntents.create({ amount: 700, currency: 'usd' })
  const gone = await stripe.customers.create({ metadata: { florin_user: 'user_gone', florin_installation: 'florin' } })
  await stripe.customers.del(gone.id)
  await sandbox.webhooks.settled()
  for (const some of days) {
    await sandbox.clock.advance(some * DAY)
    await sandbox.webhooks.settled()
  }
}
