import { beforeAll, describe, expect, it } from 'vitest'
import { opened } from '../../test/opened.ts'
import { altered, dashboardOf, liveFully, rowsIn, unhurried } from '../../test/reconciling-florin.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { must } from '../errors.ts'
import type { Difference } from '../index.ts'
import { tableOf } from '../observations/object-kinds.ts'
import { many, type Storage } from '../ports/storage.ts'
import type { StoredTables, TableName, Tables } from '../ports/tables.ts'
import { differentFields } from './drift.ts'

const full = { mode: 'full' } as const
const named = (differences: readonly Difference[]) =>
  differences.map(({ table, gatewayId, what }) => `${table} ${gatewayId} ${what}`).sort()

type Cells = Readonly<Record<string, unknown>>
const objectTables: readonly TableName[] = Object.values(tableOf)

let world: SandboxedFlorin
beforeAll(async () => {
  world = sandboxedFlorin()
  await liveFully(world)
  await world.florin.maintenance.refresh({ limit: 1000 })
  const { florin } = unhurried(world, { storage: world.storage })
  const { differences } = await florin.maintenance.findDrift(full)
  // A payment that nobody tried to pay: no event but the one of its making, which tells less than all others, told of it.
  expect(differences).toMatchObject([{ table: 'transactions', id: null, what: 'missing' }])
  await florin.maintenance.repairDrift({ differences })
  expect((await florin.maintenance.findDrift(full)).differences).toEqual([])
}, 60_000)

/** Alters and deletes rows of every table, and tells which. */
async function tamperedWith(storage: Storage<StoredTables>) {
  const [changed, deleted]: [string[], string[]] = [[], []]
  const used: Record<string, number> = {}
  const refunds = await rowsIn(storage, 'refunds')
  const goes = refunds.filter(({ status }) => status === 'succeeded')[2]
  const refunded = refunds.filter((refund) => refund !== goes).map(({ paymentId }) => paymentId)
  const next = (what: string) => {
    used[what] = (used[what] ?? 0) + 1
    return used[what]
  }
  /** What becomes of a row: its turn decides, counted among the rows of its table and state. */
  const alteration = (table: TableName, row: Cells): Cells | 'delete' | undefined => {
    const future = { rank: 9, stamp: 9_999_999_999 }
    const turn = next(`${table} ${String(row.status)}`)
    switch (`${table} ${String(row.status)} ${turn}`) {
      case 'transactions succeeded 1':
        // A final state, proved by a stamp that no event will ever beat.
        return { status: 'canceled', observed: { intent: future } }
      case 'transactions succeeded 2':
        return { amountRefunded: 1, amountCaptured: 1, amount: 3 }
      case 'transactions succeeded 3':
        return { userId: 'user_mallory' }
      case 'transactions canceled 1':
        return { status: 'succeeded', amountCaptured: 2000 }
      case 'refunds succeeded 1':
        return { status: 'failed', observed: { refund: future } }
      case 'refunds succeeded 2':
        return { amount: 1999 }
      case 'refunds failed 1':
        return { status: 'succeeded' }
      case 'subscriptions canceled 1':
        return { status: 'active', endedAt: null }
      case 'subscriptions active 1':
        return { status: 'canceled', observed: { subscription: future } }
      case 'invoices paid 1':
        return { status: 'void', amountPaid: 0 }
      case 'invoices paid 2':
        return { amountDue: 7, subscriptionId: null }
      case 'payment_methods attached 1':
        return { status: 'detached', customerId: null, observed: { attachment: future } }
      case 'payment_methods detached 1':
        return { status: 'attached' }
      case 'customers undefined 1':
        return { deleted: true, isPrimary: false }
      case 'subscriptions trialing 1':
      case 'invoices paid 3':
      case 'payment_methods attached 2':
      case 'customers undefined 2':
      case 'refunds succeeded 3':
      case 'transactions failed 1':
        return 'delete'
      default:
        // One payment whose refund stays goes too: they must find each other again.
        if (table === 'transactions' && turn > 3 && refunded.includes(String(row.id)) && !used.lost) {
          next('lost')
          return 'delete'
        }
        return table === 'disputes' ? { status: 'won', amount: 1 } : undefined
    }
  }
  const bad = await altered(storage, (table, stored) => {
    const row: Cells = { ...stored }
    const change = objectTables.includes(table) ? alteration(table, row) : undefined
    const name = `${table} ${String(row.gatewayId ?? row.id)}`
    if (change === 'delete') deleted.push(`${name} missing`)
    else if (change) changed.push(`${name} different`)
    return change === 'delete' ? undefined : { ...stored, ...change }
  })
  return { bad, changed, deleted }
}

describe('findDrift, full, and repairDrift', { timeout: 60_000 }, () => {
  it('names exactly the k rows that were altered and the m that were deleted; repaired, there is none', async () => {
    const { bad, changed, deleted } = await tamperedWith(world.storage)
    expect([changed.length, deleted.length]).toEqual([15, 7])
    const { florin, happenings } = unhurried(world, { storage: bad })
    const { differences } = await florin.maintenance.findDrift(full)
    expect(named(differences)).toEqual([...changed, ...deleted].sort())
    expect(happenings.filter(({ what }) => what === 'drift_found')).toHaveLength(22)

    const repaired = await florin.maintenance.repairDrift({ differences })
    expect(repaired).toMatchObject({ left: [] })
    expect(repaired.repaired + repaired.alreadyRight).toBe(22)
    expect((await florin.maintenance.findDrift(full)).differences).toEqual([])
    console.log(`drift: ${changed.length} altered and ${deleted.length} deleted named, repaired, then 0`)

    // Not only right for the gateway, but as it was: ids and links too, as far as anything still named them.
    for (const table of objectTables) {
      const before = await openedRowsIn(world.storage, table)
      const after = new Map((await openedRowsIn(bad, table)).map((row) => [gatewayIdIn(row), row]))
      expect(after.size).toBe(before.length)
      for (const row of before) {
        const now = after.get(gatewayIdIn(row))
        const fields = differentFields(visible(row), visible(now ?? row))
        expect({ table, fields }).toEqual({ table, fields: [] })
        if (table === 'transactions' || table === 'subscriptions') expect(now?.id).toBe(row.id)
      }
    }
  })

  it('audits each row that it changes with what it was and what it is, and emits nothing', async () => {
    const { bad, changed, deleted } = await tamperedWith(world.storage)
    const before = { events: await rowsIn(bad, 'outbox'), audits: await rowsIn(bad, 'audit_log') }
    const { florin } = unhurried(world, { storage: bad })
    const { differences } = await florin.maintenance.findDrift(full)
    await florin.maintenance.repairDrift({ differences })
    expect(await rowsIn(bad, 'outbox')).toEqual(before.events)
    const earlier = new Set(before.audits.map(({ id }) => id))
    const audits = (await rowsIn(bad, 'audit_log')).filter(({ id }) => !earlier.has(id))
    expect(audits).toHaveLength(changed.length + deleted.length)
    expect(new Set(audits.map(({ action }) => action))).toEqual(new Set(['drift.repair']))
    const details = audits.map(({ detail }) => detail)
    expect(details).toContainEqual(
      expect.objectContaining({
        table: 'transactions',
        before: { status: 'canceled' },
        after: { status: 'succeeded' },
      }),
    )
    expect(details.filter((detail) => JSON.stringify(detail).includes('"before":null'))).toHaveLength(deleted.length)
    const told = JSON.stringify([details, differences])
    expect(told).not.toMatch(/4242|_secret_|visa/)
    expect(told).toContain(`"userId":"${alice.id}"`)
  })

  it('shows what is stored in clear, and of what is encrypted that it differs', async () => {
    const bad = await altered(world.storage, (table, row) =>
      table === 'payment_methods' && Reflect.get(row, 'status') === 'attached'
        ? { ...row, card: null, userId: 'user_mallory' }
        : row,
    )
    const { florin } = unhurried(world, { storage: bad })
    const { differences } = await florin.maintenance.findDrift(full)
    const fields = differences.flatMap((one) => (one.what === 'different' ? one.fields : []))
    expect(fields).toContainEqual({ field: 'userId', stored: 'user_mallory', actual: alice.id })
    expect(fields).toContainEqual({ field: 'card', stored: '(not shown)', actual: '(not shown)' })
  })

  it('emits, when asked, what it proves and nobody was told', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const { data } = await one.florin.payments.create({ ...ten, returnUrl: 'https://shop.example/back' }, by)
    const id = data.stripePaymentIntentId
    await one.sandbox.control('POST', `/payment_intents/${id}/authenticate`, { outcome: 'succeed' })
    const { florin, storage } = unhurried(one, { storage: one.storage })
    const { differences } = await florin.maintenance.findDrift(full)
    expect(named(differences)).toEqual([`transactions ${id} different`])
    await florin.maintenance.repairDrift({ differences, emit: true })
    await florin.maintenance.repairDrift({ differences, emit: true })
    const types = (await rowsIn(storage, 'outbox')).map(({ type }) => type)
    expect(types.filter((type) => type === 'payment.succeeded')).toHaveLength(1)
  })

  it('names a customer that was given to another user, and not everything that it has', async () => {
    const bad = await altered(world.storage, (table, row) =>
      table === 'customers' && Reflect.get(row, 'userId') === alice.id ? { ...row, userId: 'user_mallory' } : row,
    )
    const { florin } = unhurried(world, { storage: bad })
    const { differences } = await florin.maintenance.findDrift(full)
    const fields = [{ field: 'userId', stored: 'user_mallory', actual: alice.id }]
    expect(differences).toMatchObject([{ table: 'customers', fields }])
    await florin.maintenance.repairDrift({ differences })
    expect((await florin.maintenance.findDrift(full)).differences).toEqual([])
  })

  it("lets a charge's older figure stand where the refunds that failed since explain it, and only there", async () => {
    const failed = must(
      (await rowsIn(world.storage, 'refunds')).find(({ status }) => status === 'failed'),
      'a failed refund',
    )
    const other = must(
      (await rowsIn(world.storage, 'transactions')).find(
        ({ id, chargeRefunded }) => id !== failed.paymentId && chargeRefunded > 0,
      ),
      'a payment',
    )
    const bad = await altered(world.storage, (table, row) => {
      if (table === 'transactions' && row.id === other.id) return { ...row, chargeRefunded: 1 }
      if (table !== 'transactions' || row.id !== failed.paymentId) return row
      const charge = { rank: 0, stamp: failed.gatewayCreated ?? 0 }
      return { ...row, chargeRefunded: failed.amount, observed: { ...Reflect.get(row, 'observed'), charge } }
    })
    expect(failed.paymentId).not.toBe(other.id)
    const { florin } = unhurried(world, { storage: bad })
    const { differences } = await florin.maintenance.findDrift(full)
    expect(differences).toMatchObject([{ id: other.id, fields: [{ field: 'chargeRefunded', stored: 1 }] }])
  })

  it('gives what hangs on a lost row its link back, also where the link went with it', async () => {
    const isLost = (table: TableName, row: object) =>
      (table === 'transactions' && disputed.has(Reflect.get(row, 'id'))) || table === 'subscriptions'
    const disputed = new Set<unknown>(
      [...(await rowsIn(world.storage, 'disputes')), ...(await rowsIn(world.storage, 'refunds'))].map(
        ({ paymentId }) => paymentId,
      ),
    )
    const bad = await altered(world.storage, (table, row) =>
      isLost(table, row)
        ? undefined
        : { ...row, ...('paymentId' in row && { paymentId: null }), ...noSubscription(row) },
    )
    const { florin } = unhurried(world, { storage: bad })
    const { differences } = await florin.maintenance.findDrift(full)
    expect(new Set(differences.map(({ what }) => what))).toEqual(new Set(['missing']))
    await florin.maintenance.repairDrift({ differences })
    expect((await florin.maintenance.findDrift(full)).differences).toEqual([])
    const links = [...(await rowsIn(bad, 'disputes')), ...(await rowsIn(bad, 'refunds'))].map(
      ({ paymentId }) => paymentId,
    )
    expect(links).not.toContain(null)
  })

  it('leaves what the gateway does not know to a person', async () => {
    const one = sandboxedFlorin()
    await one.florin.payments.create({ ...ten, paymentMethod: 'pm_card_visa' }, by)
    await one.sandbox.webhooks.settled()
    const bad = await altered(one.storage, (table, row) =>
      table === 'transactions' ? { ...row, gatewayId: 'pi_nowhere' } : row,
    )
    const { florin } = unhurried(one, { storage: bad })
    const { differences } = await florin.maintenance.findDrift(full)
    expect(differences.map(({ what }) => what).sort()).toEqual(['missing', 'unknown_at_gateway'])
    expect(await florin.maintenance.repairDrift({ differences })).toMatchObject({
      repaired: 1,
      left: [{ what: 'unknown_at_gateway', gatewayId: 'pi_nowhere' }],
    })
  })

  it('does not call wrong what became newer while it looked', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const { data } = await one.florin.payments.create(
      { ...ten, paymentMethod: 'pm_card_visa', captureMethod: 'manual' },
      by,
    )
    let isDone = false
    const { florin } = unhurried(one, {
      storage: one.storage,
      gateway: (inner) => ({
        ...inner,
        async list(query) {
          const answer = await inner.list(query)
          if (query.object !== 'payment' || isDone) return answer
          isDone = true
          await one.florin.payments.capture({ id: data.id }, by)
          return answer
        },
      }),
    })
    expect((await florin.maintenance.findDrift(full)).differences).toEqual([])
    expect(isDone).toBe(true)
  })

  it('never puts an answer over what was stored after its request was sent', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const held = { ...ten, paymentMethod: 'pm_card_visa', captureMethod: 'manual' as const }
    const { data } = await one.florin.payments.create(held, by)
    const bad = await altered(one.storage, (table, row) =>
      table === 'transactions' ? { ...row, amount: 1, status: 'processing' } : row,
    )
    const beside = unhurried(one, { storage: bad })
    let reads = 0
    const { florin } = unhurried(one, {
      storage: bad,
      gateway: (inner) => ({
        ...inner,
        async read(ref) {
          const answer = await inner.read(ref)
          reads += 1
          // While the repair waits for its answer, the payment is captured and that is stored.
          if (reads === 2) await dashboardOf(one).paymentIntents.capture(data.stripePaymentIntentId ?? '')
          if (reads === 2) await beside.florin.maintenance.reconcile()
          return answer
        },
      }),
    })
    const { differences } = await florin.maintenance.findDrift(full)
    expect(differences).toMatchObject([{ what: 'different' }])
    await florin.maintenance.repairDrift({ differences })
    expect(await florin.payments.get(data.id, service)).toMatchObject({ status: 'succeeded', amount: 1000 })
  })

  it('ignores what belongs to another installation, also where only its customer says so', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const other = unhurried(one, { settings: { installation: 'elsewhere', subscribablePrices: [] } })
    const plan = { userId: alice.id, priceId: 'price_1234567890', paymentMethod: 'pm_card_visa' }
    await other.florin.subscriptions.create(plan, by)
    const payment = await other.florin.payments.create({ ...ten, paymentMethod: 'pm_card_createDispute' }, by)
    await other.florin.refunds.create({ transactionId: payment.data.id, amount: 100 }, by).catch(() => undefined)
    const { florin } = unhurried(one)
    expect((await florin.maintenance.findDrift(full)).differences).toEqual([])
    expect((await other.florin.maintenance.findDrift(full)).compared).toBeGreaterThan(5)
  })
})

describe('findDrift, changed', () => {
  it('looks at what events named, and again as long as something was wrong', async () => {
    const one = sandboxedFlorin({ webhooks: false })
    const stripe = dashboardOf(one)
    const { florin } = unhurried(one, { storage: one.storage })
    const changedDrift = async () => named((await florin.maintenance.findDrift({ mode: 'changed' })).differences)
    const { data } = await one.florin.payments.create({ ...ten, paymentMethod: 'pm_card_visa' }, by)
    expect(await changedDrift()).toEqual([])
    await one.sandbox.clock.advance(3600)
    const refund = await stripe.refunds.create({ payment_intent: data.stripePaymentIntentId ?? '', amount: 10 })
    await one.sandbox.clock.advance(3600)
    const wrong = [`refunds ${refund.id} missing`, `transactions ${data.stripePaymentIntentId} different`]
    expect(await changedDrift()).toEqual(wrong)
    await one.sandbox.clock.advance(3600)
    expect(await changedDrift()).toEqual(wrong)
    const { differences } = await florin.maintenance.findDrift({ mode: 'changed' })
    await florin.maintenance.repairDrift({ differences })
    expect(await changedDrift()).toEqual([])
    expect((await florin.maintenance.findDrift({ mode: 'changed' })).compared).toBe(0)
  })
})

const ten = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_threeDSecure2Required' }
const by = { actor: service }

const noSubscription = (row: object) => 'subscriptionId' in row && { subscriptionId: null }

const gatewayIdIn = (row: object) => String(Reflect.get(row, 'gatewayId') ?? Reflect.get(row, 'id'))

/** A row without its id. */
const visible = (row: object): Parameters<typeof differentFields>[1] => {
  const cells: Cells = { ...row, id: '' }
  return cells as unknown as Parameters<typeof differentFields>[1]
}

const openedRowsIn = async (storage: Storage<StoredTables>, table: TableName) => {
  const { rows } = await opened(storage).load({ rows: many<TableName>(table, {}) })
  return rows as readonly Tables[TableName][]
}
