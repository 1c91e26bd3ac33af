import { describe, expect, it } from 'vitest'
import { dashboardOf, liveFully, rowsIn, unhurried } from '../../test/reconciling-florin.ts'
import { sandboxedFlorin } from '../../test/sandboxed-florin.ts'
import { differences } from '../../test/truth.ts'
import { UnavailableError } from '../errors.ts'
import { memoryStorage } from '../memory/index.ts'
import type { GatewayEvent, PaymentGateway } from '../ports/gateway.ts'
import type { Storage } from '../ports/storage.ts'
import type { StoredTables } from '../ports/tables.ts'
import { CALLS_PER_SECOND } from './paced.ts'

const DAY = 24 * 3600
const slow = { timeout: 60_000 }
const broken = () => new UnavailableError('gateway_unavailable', 'broken on purpose', 'not_applied')

/** Events of a type that Florin stores and does not read, newest first, ten to a page. */
function eventList() {
  const listed: GatewayEvent[] = []
  const list: PaymentGateway['events']['list'] = async ({ since, after }) => {
    const known = listed.filter(({ created }) => created >= since)
    const from = after === undefined ? 0 : known.findIndex(({ id }) => id === after) + 1
    const data = known.slice(from, from + 10)
    const next = from + 10 < known.length ? (data.at(-1)?.id ?? null) : null
    return { data: data.map((event) => ({ event, body: JSON.stringify(event) })), next }
  }
  const happen = (created: number) => {
    const id = `evt_${created}_${listed.length}`
    const noIds = { objectId: null, ownerId: null, paymentId: null, userId: null }
    const nothing = { apiVersion: null, account: null, context: null, ...noIds, observations: [] }
    listed.unshift({ id, type: 'payout.paid', livemode: false, created, ...nothing })
  }
  return { listed, list, happen }
}

/** A Florin over a list of events alone. */
function overEvents(
  list: PaymentGateway['events']['list'],
  { storage = memoryStorage(), world = sandboxedFlorin() }: { storage?: Storage<StoredTables>; world?: World } = {},
) {
  const gateway = (inner: PaymentGateway) => ({ ...inner, events: { ...inner.events, list } })
  return { ...unhurried(world, { storage, gateway }), world, now: world.sandbox.clock.now() }
}
type World = ReturnType<typeof sandboxedFlorin>

const taken = async (storage: Storage<StoredTables>) =>
  new Set((await rowsIn(storage, 'webhook_events')).map(({ id }) => id))

describe('reconcileEvents', slow, () => {
  it('after 1,000 dropped webhooks ends in the state of the gateway, each final fact told once', async () => {
    const world = sandboxedFlorin({ webhooks: false })
    await liveFully(world, { days: [2, 20, 5] })
    const stripe = dashboardOf(world)
    const confirm = { confirm: true, payment_method: 'pm_card_visa', return_url: 'https://shop.example/back' }
    while (world.sandbox.state.all('event').length < 1000) {
      const made = await stripe.paymentIntents.create({ amount: 900, currency: 'usd', ...confirm })
      await stripe.refunds.create({ payment_intent: made.id, amount: 300 })
    }
    // Made, and told of by its making alone: that event says less than all others, so it is not read.
    const untold = (lines: readonly string[]) => lines.filter((line) => !line.includes('payment undefined'))
    expect(untold(await differences(world)).length).toBeGreaterThan(200)
    const { florin, calls } = unhurried(world, { storage: world.storage })
    const first = await florin.maintenance.reconcile()
    expect(first).toMatchObject({ failed: 0, duplicate: 0, warning: null })
    const lists = calls.length
    expect(first.read).toBe(world.sandbox.state.all('event').length)
    await florin.maintenance.refresh({ limit: 1000 })
    const left = await florin.maintenance.findDrift({ mode: 'full' })
    await florin.maintenance.repairDrift(left)
    expect(untold(await differences(world))).toEqual([])
    expect(left.differences.map(({ what }) => what)).toEqual(left.differences.map(() => 'missing'))
    console.log(`reconcile: ${first.read} events in ${lists} calls; ${left.differences.length} left to drift`)
    expect(await florin.maintenance.reconcile()).toMatchObject({ processed: 0, ignored: 0, failed: 0 })
  })

  it('that begins now tells nothing older, and everything later, also what was a moment before', async () => {
    const { listed, list, happen } = eventList()
    const { florin, storage, world, now } = overEvents(list)
    for (const ago of [20 * DAY, 3600, 300, 1]) happen(now - ago)
    const nothing = { read: 0, processed: 0, ignored: 0, failed: 0, duplicate: 0, gapSeconds: null, warning: null }
    expect(await florin.maintenance.reconcile({ fromNow: true })).toEqual(nothing)
    expect(await taken(storage)).toEqual(new Set())
    const old = new Set(listed.map(({ id }) => id))
    await world.advance(120)
    for (const later of [1, 60, 119]) happen(now + later)
    expect(await florin.maintenance.reconcile({ fromNow: true })).toMatchObject({ read: 3, ignored: 3 })
    await world.advance(5 * DAY)
    happen(now + 4 * DAY)
    expect(await florin.maintenance.reconcile({ fromNow: true })).toMatchObject({ ignored: 1, duplicate: 3 })
    const known = await taken(storage)
    expect([...known].filter((id) => old.has(id))).toEqual([])
    expect(known.size).toBe(4)
  })

  it.each([1, 2, 10])(
    'broken off at any call or commit, with %i pages held, the next run loses nothing',
    async (held) => {
      let points = 0
      for (let point = 1; ; point += 1) {
        const { listed, list, happen } = eventList()
        const world = sandboxedFlorin()
        const start = world.sandbox.clock.now() - 5 * DAY
        // Further apart than what is read twice, so that nothing is found again by that alone.
        for (let index = 0; index < 45; index += 1) happen(start + index * 1000)
        const storage = memoryStorage()
        let left = point
        const tick = <T>(work: () => Promise<T>): Promise<T> => {
          left -= 1
          return left === 0 ? Promise.reject(broken()) : work()
        }
        const breaking = {
          ...storage,
          commit: (commit: Parameters<typeof storage.commit>[0]) => tick(() => storage.commit(commit)),
        }
        const dying = overEvents((query) => tick(() => list(query)), { storage: breaking, world })
        const died = await dying.florin.maintenance.reconcile({ pageLimit: held }).then(
          () => false,
          () => true,
        )
        if (!died) break
        points += 1
        const { florin } = overEvents(list, { storage, world })
        await florin.maintenance.reconcile({ pageLimit: held })
        expect(await taken(storage)).toEqual(new Set(listed.map(({ id }) => id)))
      }
      console.log(`reconcile: broken off at ${points} points with ${held} pages held, nothing lost`)
      expect(points).toBeGreaterThan(50)
    },
  )

  it('loses no event that happens while it reads, however many push the first page on', async () => {
    const { listed, list, happen } = eventList()
    const world = sandboxedFlorin()
    const start = world.sandbox.clock.now() - 3 * DAY
    for (let index = 0; index < 60; index += 1) happen(start + index * 1000)
    let calls = 0
    const growing = overEvents(
      async (query) => {
        calls += 1
        const answer = await list(query)
        for (let index = 0; index < 15; index += 1) happen(start + (60 + calls * 15 + index) * 1000)
        return answer
      },
      { world },
    )
    await growing.florin.maintenance.reconcile({ pageLimit: 1 })
    const { florin, storage } = overEvents(list, { storage: growing.storage, world })
    await florin.maintenance.reconcile({ pageLimit: 1 })
    expect((await taken(storage)).size).toBe(listed.length)
  })

  it('holds no more pages than it was told, and the newest', async () => {
    const { list, happen } = eventList()
    const world = sandboxedFlorin()
    for (let index = 0; index < 200; index += 1) happen(world.sandbox.clock.now() - DAY + index)
    const asked: (string | undefined)[] = []
    const { florin } = overEvents(
      (query) => {
        asked.push(query.after)
        return list(query)
      },
      { world },
    )
    await florin.maintenance.reconcile({ pageLimit: 3 })
    // Twenty pages; all but the newest and the three that were held are asked for twice.
    // And the newest one once more, since the installation begins with this.
    expect(asked).toHaveLength(20 + 16 + 1)
    expect(asked.filter((after) => after === undefined)).toHaveLength(2)
  })

  it('finds an event that is listed late, with a time that was read already', async () => {
    const { listed, list, happen } = eventList()
    const { florin, storage, now } = overEvents(list)
    happen(now - 100)
    await florin.maintenance.reconcile()
    happen(now - 400)
    expect(await florin.maintenance.reconcile()).toMatchObject({ ignored: 1, duplicate: 1 })
    expect((await taken(storage)).size).toBe(listed.length)
  })

  it('goes on after an event that cannot even be stored, throws in the end, and reads it again the next time', async () => {
    const { listed, list, happen } = eventList()
    const { storage, world, now, ...whole } = overEvents(list)
    for (const ago of [4, 3, 2, 1]) happen(now - ago * DAY)
    const odd = listed[2]?.id
    const breaking: typeof storage = {
      ...storage,
      commit: (commit) =>
        commit.changes.some(({ row }) => row.id === odd)
          ? Promise.reject(new TypeError('broken'))
          : storage.commit(commit),
    }
    const { florin } = overEvents(list, { storage: breaking, world })
    await expect(florin.maintenance.reconcile()).rejects.toThrow('broken')
    expect(await taken(storage)).toEqual(new Set(listed.map(({ id }) => id).filter((id) => id !== odd)))
    expect(await whole.florin.maintenance.reconcile()).toMatchObject({ ignored: 1, duplicate: 3 })
    expect(await taken(storage)).toContain(odd)
  })

  it('at first reads 30 days, and warns once nothing was read for more than 25', async () => {
    const { list, happen } = eventList()
    const asked: number[] = []
    const world = sandboxedFlorin()
    const { florin, now } = overEvents(
      (query) => {
        asked.push(query.since)
        return list(query)
      },
      { world },
    )
    expect(await florin.maintenance.reconcile()).toMatchObject({ read: 0, gapSeconds: null, warning: null })
    expect(new Set(asked)).toEqual(new Set([now - 30 * DAY]))
    happen(now)
    await florin.maintenance.reconcile()
    await world.sandbox.clock.advance(24 * DAY)
    // An account where nothing happens is no gap.
    expect(await florin.maintenance.reconcile()).toMatchObject({ gapSeconds: 24 * DAY, warning: null })
    await world.sandbox.clock.advance(26 * DAY)
    expect(await florin.maintenance.reconcile()).toMatchObject({ gapSeconds: 26 * DAY, warning: 'gap_over_25_days' })
    await world.sandbox.clock.advance(31 * DAY)
    expect(await florin.maintenance.reconcile()).toMatchObject({ warning: 'gap_over_30_days' })
  })

  it.each([
    { clock: 'that goes on', moving: true },
    { clock: 'that stands still', moving: false },
  ])('asks less than 25 times in any second, by a clock $clock', async ({ moving }) => {
    const world = sandboxedFlorin({ webhooks: false })
    await liveFully(world, { days: [2] })
    const { florin, calls } = unhurried(world, { moving })
    await florin.maintenance.reconcile()
    await florin.maintenance.importAccount()
    const { differences } = await florin.maintenance.findDrift({ mode: 'changed', since: 0 })
    await florin.maintenance.findDrift({ mode: 'full' })
    await florin.maintenance.repairDrift({ differences })
    expect(calls.length).toBeGreaterThan(60)
    const busiest = Math.max(...calls.map((start) => calls.filter((at) => at >= start && at < start + 1000).length))
    console.log(`${calls.length} calls, at most ${busiest} in any second`)
    // Each of the five begins at once; on its own none is faster than this.
    expect(busiest).toBeGreaterThanOrEqual(CALLS_PER_SECOND)
    expect(busiest).toBeLessThan(25)
  })
})
