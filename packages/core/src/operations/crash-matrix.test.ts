import { describe, expect, it } from 'vitest'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import type { Florin } from '../create-florin.ts'
import { isFlorinError } from '../errors.ts'
import type { PaymentGateway } from '../ports/gateway.ts'
import { many, one, type Storage, type StoredTables } from '../ports/storage.ts'
import type { Caller, Performed } from './use-case.ts'

/** What the process dies of. Not an error of Florin's, so nothing may catch it and go on. */
const CRASH = new Error('the process was killed')

/** A use case, with what must be there before it and how many objects of Stripe's it makes. */
interface Scenario {
  readonly name: string
  readonly setUp?: (florin: Florin) => Promise<string>
  readonly act: (florin: Florin, id: string, caller: Caller) => Promise<Performed<unknown>>
  /** The kind of object that it makes; none for use cases that change one. */
  readonly makes?: string
  /** Whether what was asked for is so at Stripe. */
  readonly isSo: (world: SandboxedFlorin, id: string) => Promise<boolean>
}

const visa = { userId: alice.id, paymentMethod: 'pm_card_visa' }
const ten = { ...visa, amount: 1000, currency: 'USD' }
const plan = { userId: alice.id, priceId: 'price_1234567890' }
const by = { actor: service }

const pay = async (florin: Florin, change: object = {}) =>
  (await florin.payments.create({ ...ten, ...change }, by)).data.id
const subscribe = async (florin: Florin) =>
  (await florin.subscriptions.create({ ...plan, paymentMethod: 'pm_card_visa' }, by)).data.id
const attach = async (florin: Florin) => (await florin.paymentMethods.attach(visa, by)).data.id

const count = ({ sandbox }: SandboxedFlorin, kind: string) => sandbox.state.all(kind).length
const first = ({ sandbox }: SandboxedFlorin, kind: string): Record<string, unknown> => ({
  ...sandbox.state.all(kind)[0],
})

const scenarios: readonly Scenario[] = [
  {
    name: 'pay (a new customer too)',
    act: (florin, _, caller) => florin.payments.create(ten, caller),
    makes: 'payment_intent',
    isSo: async (world) => first(world, 'payment_intent').status === 'succeeded',
  },
  {
    name: 'pay with a card that is declined',
    act: (florin, _, caller) => florin.payments.create({ ...ten, paymentMethod: 'pm_card_chargeDeclined' }, caller),
    makes: 'payment_intent',
    isSo: async (world) => first(world, 'payment_intent').status === 'requires_payment_method',
  },
  {
    name: 'confirm',
    setUp: (florin) => pay(florin, { paymentMethod: 'pm_card_chargeDeclined' }),
    act: (florin, id, caller) => florin.payments.confirm({ id, paymentMethod: 'pm_card_visa' }, caller),
    isSo: async (world) => first(world, 'payment_intent').status === 'succeeded',
  },
  {
    name: 'capture',
    setUp: (florin) => pay(florin, { captureMethod: 'manual' }),
    act: (florin, id, caller) => florin.payments.capture({ id }, caller),
    isSo: async (world) => first(world, 'payment_intent').amount_received === 1000,
  },
  {
    name: 'cancel a payment',
    setUp: (florin) => pay(florin, { captureMethod: 'manual' }),
    act: (florin, id, caller) => florin.payments.cancel({ id }, caller),
    isSo: async (world) => first(world, 'payment_intent').status === 'canceled',
  },
  {
    name: 'refund',
    setUp: (florin) => pay(florin),
    act: (florin, id, caller) => florin.refunds.create({ transactionId: id, amount: 400 }, caller),
    makes: 'refund',
    isSo: async (world) => count(world, 'refund') === 1,
  },
  {
    name: 'attach and make it the default',
    setUp: attach,
    act: (florin, _, caller) => florin.paymentMethods.attach({ ...visa, setDefault: true }, caller),
    isSo: async (world) => JSON.stringify(first(world, 'customer').invoice_settings).includes('pm_'),
  },
  {
    name: 'set the default',
    setUp: attach,
    act: (florin, id, caller) => florin.paymentMethods.setDefault({ id }, caller),
    isSo: async (world) => JSON.stringify(first(world, 'customer').invoice_settings).includes('pm_'),
  },
  {
    name: 'detach',
    setUp: attach,
    act: (florin, id, caller) => florin.paymentMethods.detach({ id }, caller),
    isSo: async (world) => first(world, 'payment_method').customer === null,
  },
  {
    name: 'set up',
    act: (florin, _, caller) => florin.paymentMethods.setUp({ userId: alice.id }, caller),
    makes: 'setup_intent',
    isSo: async (world) => count(world, 'setup_intent') === 1,
  },
  {
    name: 'subscribe (attaching the card)',
    act: (florin, _, caller) => florin.subscriptions.create({ ...plan, paymentMethod: 'pm_card_visa' }, caller),
    makes: 'subscription',
    isSo: async (world) => first(world, 'subscription').status === 'active',
  },
  {
    name: 'update a subscription',
    setUp: subscribe,
    act: (florin, id, caller) => florin.subscriptions.update({ id, quantity: 3 }, caller),
    isSo: async (world) => JSON.stringify(first(world, 'subscription').items).includes('"quantity":3'),
  },
  {
    name: 'end a subscription at its period’s end',
    setUp: subscribe,
    act: (florin, id, caller) => florin.subscriptions.cancel({ id, atPeriodEnd: true }, caller),
    isSo: async (world) => first(world, 'subscription').cancel_at_period_end === true,
  },
  {
    name: 'resume a subscription',
    setUp: async (florin) => {
      const id = await subscribe(florin)
      await florin.subscriptions.cancel({ id, atPeriodEnd: true }, by)
      return id
    },
    act: (florin, id, caller) => florin.subscriptions.resume({ id }, caller),
    isSo: async (world) => first(world, 'subscription').cancel_at_period_end === false,
  },
  {
    name: 'cancel a subscription',
    setUp: subscribe,
    act: (florin, id, caller) => florin.subscriptions.cancel({ id }, caller),
    isSo: async (world) => first(world, 'subscription').status === 'canceled',
  },
]

/** Dies at the n-th point: there is one before and one after every call of the storage and of the gateway. */
function mortal(at: number) {
  const life = { points: 0, dead: false, intended: false, sent: false }
  const point = () => {
    if (life.dead) throw CRASH
    life.points += 1
    if (life.points !== at) return
    life.dead = true
    throw CRASH
  }
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    point()
    const result = await work()
    point()
    return result
  }
  const storage = (inner: Storage<StoredTables>): Storage<StoredTables> => ({
    load: (query) => around(() => inner.load(query)),
    commit: (commit) => around(() => inner.commit(commit)),
  })
  const gateway = (inner: PaymentGateway): PaymentGateway => ({
    ...inner,
    send: (call, key) =>
      around(() => {
        life.sent = true
        return inner.send(call, key)
      }),
    read: (ref) => around(() => inner.read(ref)),
  })
  return { life, storage, gateway }
}

const caller = { actor: service, idempotencyKey: 'the one key' }

/** Runs a scenario up to a crash, then lets another process recover. Answers false once no point is left. */
async function crashAt(scenario: Scenario, at: number, later: number): Promise<boolean> {
  const calm = sandboxedFlorin({ webhooks: false })
  const id = (await scenario.setUp?.(calm.florin)) ?? ''
  const made = scenario.makes === undefined ? 0 : count(calm, scenario.makes)
  const { life, storage, gateway } = mortal(at)
  const dying = sandboxedFlorin({ beside: calm, storage, gateway })
  const outcome = await scenario.act(dying.florin, id, caller).then(
    () => 'finished',
    (error: unknown) => (life.dead ? 'crashed' : error),
  )
  if (outcome === 'finished') return false
  expect(outcome).toBe('crashed')

  // Another process, after the time that the dead one had for itself.
  await calm.sandbox.clock.advance(later)
  // A key that is forgotten after a day would make the caller's retry a new request.
  const heir = sandboxedFlorin({ beside: calm, settings: { idempotencyKeyMs: 48 * 3600_000 } })
  for (let rounds = 0; rounds < 5; rounds += 1) await heir.florin.maintenance.recover()
  const { open } = await heir.storage.load({ open: many('operations', { status: 'open' }) })
  expect(open).toEqual([])

  const again = () =>
    scenario.act(heir.florin, id, caller).then(
      ({ data }) => ({ data }),
      (error: unknown) => {
        if (!isFlorinError(error)) throw error
        return { code: error.code }
      },
    )
  const answer = await again()
  expect(await again(), 'the retry gets the stored answer').toEqual(answer)
  if (scenario.makes !== undefined)
    expect(count(calm, scenario.makes) - made, 'objects at Stripe').toBeLessThanOrEqual(1)
  const so = await scenario.isSo(calm, id)
  // Inside the window it is always carried out. After it what was sent is found, and what was not is refused.
  if (later < 600 || !('code' in answer)) expect(so, `${scenario.name} is so, dying at ${at}`).toBe(true)
  await holdsTogether(calm)
  return true
}

/** One row for each object, one audit entry for each step, one domain event for each fact. */
async function holdsTogether({ storage, sandbox }: SandboxedFlorin): Promise<void> {
  const query = {
    operations: many('operations', { status: 'done' }),
    audit: many('audit_log', {}),
    events: many('outbox', {}),
  }
  const { audit, events, operations } = await storage.load(query)
  const steps = audit.map(({ operationId, detail }) => `${operationId} ${JSON.stringify(detail)}`)
  expect(new Set(steps).size).toBe(steps.length)
  expect(new Set(audit.map(({ operationId }) => operationId)).size).toBe(operations.length)
  const facts = events.map(({ objectId, type, discriminator }) => `${objectId} ${type} ${discriminator}`)
  expect(new Set(facts).size).toBe(facts.length)
  // Subscriptions pay by intents of Stripe's own, which only webhooks tell of.
  const ours = sandbox.state.all('payment_intent').filter((intent) => JSON.stringify(intent).includes('florin_id'))
  for (const intent of ours) {
    const gatewayId = 'id' in intent ? String(intent.id) : ''
    const { row } = await storage.load({ row: one('transactions', { gatewayId }) })
    expect(row?.status).toBe(statusOf(intent))
  }
}

const statusOf = (intent: object) => {
  const { status, last_payment_error: error } = { status: '', last_payment_error: null, ...intent }
  return status === 'requires_payment_method' && error !== null ? 'failed' : status
}

const windows = [
  { when: 'recovery runs a minute later', later: 61 },
  { when: 'recovery runs 25 hours later', later: 25 * 3600 },
]

describe.each(windows)('when the process dies anywhere and $when', ({ later }) => {
  it.each(scenarios)('$name is done once or not at all', async (scenario) => {
    let at = 1
    while (await crashAt(scenario, at, later)) at += 1
    expect(at).toBeGreaterThan(6)
    console.log(`${scenario.name}, ${later} s: ${at - 1} points`)
  })
})
