import { expect } from 'vitest'
import { isFlorinError } from '../src/errors.ts'
import type { PaymentGateway } from '../src/ports/gateway.ts'
import { many, one, type Storage } from '../src/ports/storage.ts'
import type { StoredTables } from '../src/ports/tables.ts'
import { objectsOf, type Scenario } from './crash-scenarios.ts'
import { impatient, type SandboxedFlorin, sandboxedFlorin, service } from './sandboxed-florin.ts'

/** What the process dies of. Not an error of Florin's, so nothing may catch it and go on. */
const CRASH = new Error('the process was killed')

/** Dies at the n-th point: there is one before and one after every call of the storage and of the gateway. */
export function mortal(at: number, beforeSend: (send: number, method: string) => void = () => undefined) {
  const life = { points: 0, dead: false, sends: 0 }
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
        life.sends += 1
        beforeSend(life.sends, call.method)
        return inner.send(call, key)
      }),
    read: (ref) => around(() => inner.read(ref)),
    lookUp: (call, since) => around(() => inner.lookUp(call, since)),
  })
  return { life, storage, gateway }
}

/** The request that all scenarios make; sent again it has the same key. */
const caller = { actor: service, idempotencyKey: 'the one key' }

/** What a request was answered: its data, or the code of its refusal. Only Florin's own errors are answers. */
const answerTo = (performing: Promise<{ data: unknown }>): Promise<{ data?: unknown; code?: string }> =>
  performing.then(
    ({ data }) => ({ data }),
    (error: unknown) => {
      if (!isFlorinError(error)) throw error
      return { code: error.code }
    },
  )

/** Runs a scenario in a process that dies at a point. */
export async function dieAt(
  scenario: Scenario,
  at: number,
  beforeSend?: (world: SandboxedFlorin, send: number, method: string) => void,
) {
  const calm = sandboxedFlorin({ webhooks: false, isValidated: false })
  const id = (await scenario.setUp?.(calm)) ?? ''
  const made = scenario.makes === undefined ? 0 : objectsOf(calm, scenario.makes).length
  const { life, storage, gateway } = mortal(at, (send, method) => beforeSend?.(calm, send, method))
  const dying = sandboxedFlorin({ beside: calm, wait: impatient, storage, gateway })
  const outcome = await scenario.act(dying, id, caller).then(
    () => 'finished' as const,
    (error: unknown) => {
      if (life.dead) return 'crashed' as const
      if (isFlorinError(error)) return error
      throw error
    },
  )
  // A key that is forgotten after a day would make the caller's retry a new request.
  const settings = { idempotencyKeyMs: 48 * 3600_000 }
  const heir = sandboxedFlorin({ beside: calm, wait: impatient, settings })
  return {
    ...{ calm, heir, id, life, outcome },
    /** How many objects it has made at Stripe by now. */
    made: () => (scenario.makes === undefined ? 0 : objectsOf(calm, scenario.makes).length - made),
    /** The same request again, to another process. */
    again: () => answerTo(scenario.act(heir, id, caller)),
  }
}

/** Another process recovers, so late after the crash and as often as it takes: what is only looked for, it looks for twice. */
export async function recover({ florin, sandbox }: SandboxedFlorin, later: number): Promise<void> {
  await sandbox.clock.advance(later)
  for (let rounds = 0; rounds < 5; rounds += 1) {
    await florin.maintenance.recover()
    if (later > 24 * 3600) await sandbox.clock.advance(90)
  }
}

/** The operations that are still open. */
export async function openOperations({ storage }: SandboxedFlorin) {
  return (await storage.load({ open: many('operations', { status: 'open' }) })).open
}

/** One row for each object, one audit entry for each step, one domain event for each fact. */
export async function holdsTogether(world: SandboxedFlorin): Promise<void> {
  const query = {
    operations: many('operations', { status: 'done' }),
    audit: many('audit_log', {}),
    events: many('outbox', {}),
  }
  const { audit, events, operations } = await world.storage.load(query)
  const steps = audit.map(({ operationId, detail }) => `${operationId} ${JSON.stringify(detail)}`)
  expect(new Set(steps).size).toBe(steps.length)
  const done = new Set(operations.map(({ id }) => id))
  expect(new Set(audit.map(({ operationId }) => operationId).filter((id) => done.has(id ?? ''))).size).toBe(done.size)
  const facts = events.map(({ objectId, type, discriminator }) => `${objectId} ${type} ${discriminator}`)
  expect(new Set(facts).size).toBe(facts.length)
  // Subscriptions pay by intents of Stripe's own, which only webhooks tell of.
  const ours = objectsOf(world, 'payment_intent').filter((intent) => JSON.stringify(intent).includes('florin_id'))
  for (const intent of ours) {
    const { row } = await world.storage.load({ row: one('transactions', { gatewayId: String(intent.id) }) })
    // What is still open knows nothing of it yet.
    if (!row && (await openOperations(world)).length > 0) continue
    expect(row?.status).toBe(statusOf(intent))
  }
}

const statusOf = ({ status, last_payment_error: error }: Readonly<Record<string, unknown>>) =>
  status === 'requires_payment_method' && error != null ? 'failed' : status
