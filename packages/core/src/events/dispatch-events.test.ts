import { describe, expect, it, vi } from 'vitest'
import { replicaOf } from '../../test/replica.ts'
import { alice, type SandboxedFlorin, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { type DomainEvent, type Florin, type Storage, type StoredTables, system, UnavailableError } from '../index.ts'
import { many } from '../ports/storage.ts'

const ten = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

/** A Florin with the events of some payments in its outbox: one each, besides the cards. */
async function withPayments(count: number, options: Parameters<typeof sandboxedFlorin>[0] = {}) {
  const one = sandboxedFlorin(options)
  for (let index = 0; index < count; index += 1) await one.florin.payments.create(ten, { actor: service })
  await one.sandbox.webhooks.settled()
  const rows = await outbox(one)
  return { ...one, succeeded: rows.filter(({ type }) => type === 'payment.succeeded') }
}

const outbox = async ({ storage }: Pick<SandboxedFlorin, 'storage'>) =>
  (await storage.load({ rows: many('outbox', {}) })).rows

const outcomes = ({ happenings }: Pick<SandboxedFlorin, 'happenings'>) =>
  happenings.flatMap((one) => (one.what === 'event_dispatched' ? [`${one.outcome} ${one.attempts}`] : []))

/** A handler that notes what it is told, and throws as often as it is asked to. */
function recorder({ failures = 0 }: { failures?: number } = {}) {
  const events: DomainEvent[] = []
  const handler = (event: DomainEvent) => {
    events.push(event)
    if (events.length <= failures) throw new Error('no luck')
  }
  return { events, handler, ids: () => events.map(({ id }) => id) }
}

/** Something that a test lets happen. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Dispatches until nothing is due. */
async function drain(florin: Florin): Promise<void> {
  for (;;) {
    const { delivered, failed, dead } = await florin.maintenance.dispatch()
    if (delivered + failed + dead === 0) return
  }
}

describe('dispatching', () => {
  it('tells the handlers of a type and those of all types, once', async () => {
    const { florin, succeeded } = await withPayments(2)
    const [ofPayments, ofRefunds, ofAll] = [recorder(), recorder(), recorder()]
    florin.on('payment.succeeded', ofPayments.handler)
    florin.on('refund.succeeded', ofRefunds.handler)
    florin.on('*', ofAll.handler)
    await drain(florin)
    expect(ofPayments.ids().toSorted()).toEqual(succeeded.map(({ id }) => id).toSorted())
    expect(ofPayments.events[0]).toStrictEqual({
      id: expect.stringMatching(/^event_/),
      type: 'payment.succeeded',
      objectId: ofPayments.events[0]?.data.id,
      occurredAt: expect.stringMatching(/^2026-/),
      createdAt: expect.stringMatching(/^2026-/),
      data: expect.objectContaining({ object: 'payment', status: 'succeeded', amount: 1000, clientSecret: null }),
    })
    expect(ofRefunds.events).toEqual([])
    expect(ofAll.ids()).toEqual(expect.arrayContaining(ofPayments.ids()))
    expect(new Set(ofAll.ids()).size).toBe(ofAll.events.length)
  })

  it('leaves the outbox alone where nobody listens, also after the last one went away', async () => {
    const { florin, counts, succeeded } = await withPayments(1)
    const { handler, events } = recorder()
    florin.on('*', handler)()
    counts.reset()
    expect(await florin.maintenance.dispatch()).toEqual({ delivered: 0, failed: 0, dead: 0 })
    expect(counts).toMatchObject({ loads: 0, commits: 0 })
    florin.on('payment.succeeded', handler)
    await drain(florin)
    expect(events.map(({ id }) => id)).toEqual(succeeded.map(({ id }) => id))
  })

  it('keeps two registrations of one handler apart', async () => {
    const { florin } = await withPayments(1)
    const { handler, events } = recorder()
    const off = florin.on('payment.succeeded', handler)
    florin.on('payment.succeeded', handler)
    off()
    off()
    await drain(florin)
    expect(events).toHaveLength(1)
  })

  it('tells events of one object one after the other, and those of others meanwhile', async () => {
    const { florin, advance } = sandboxedFlorin()
    const authorised = { ...ten, paymentMethod: 'pm_card_chargeDeclined' }
    const { data: slow } = await florin.payments.create(authorised, { actor: service })
    await advance(1)
    await florin.payments.confirm({ id: slow.id, paymentMethod: 'pm_card_visa' }, { actor: alice })
    const { data: quick } = await florin.payments.create(ten, { actor: service })
    const [told, held]: [string[], ReturnType<typeof gate>] = [[], gate()]
    florin.on('*', async ({ type, objectId }) => {
      if (objectId === slow.id && type === 'payment.failed') await held.opened
      told.push(`${type} ${objectId}`)
      if (objectId === quick.id) held.open()
    })
    await drain(florin)
    const ofPayments = told.filter((one) => one.startsWith('payment.'))
    expect(ofPayments).toEqual([
      `payment.succeeded ${quick.id}`,
      `payment.failed ${slow.id}`,
      `payment.succeeded ${slow.id}`,
    ])
  })
})

describe('a handler that throws', () => {
  it('is told again under the same id after a second, as are the others', async () => {
    const one = await withPayments(1)
    const [bad, good] = [recorder({ failures: 1 }), recorder()]
    one.florin.on('payment.succeeded', bad.handler)
    one.florin.on('payment.succeeded', good.handler)
    expect(await one.florin.maintenance.dispatch()).toMatchObject({ failed: 1 })
    expect(await one.florin.maintenance.dispatch()).toEqual({ delivered: 0, failed: 0, dead: 0 })
    await one.advance(1)
    expect(await one.florin.maintenance.dispatch()).toEqual({ delivered: 1, failed: 0, dead: 0 })
    const id = one.succeeded[0]?.id
    expect([bad.ids(), good.ids()]).toEqual([
      [id, id],
      [id, id],
    ])
    expect(one.happenings).toContainEqual({
      what: 'event_dispatched',
      eventId: id,
      type: 'payment.succeeded',
      outcome: 'failed',
      attempts: 1,
      milliseconds: expect.any(Number),
      reason: 'Error',
    })
  })

  it('waits twice as long each time, at most an hour, half of it by chance', async () => {
    const one = await withPayments(1, { settings: { eventAttempts: 16 } })
    one.florin.on('payment.succeeded', () => Promise.reject(new Error('no')))
    const waits: number[] = []
    for (let attempt = 1; attempt < 16; attempt += 1) {
      await one.florin.maintenance.dispatch()
      const [row] = (await outbox(one)).filter(({ type }) => type === 'payment.succeeded')
      waits.push(Date.parse(row?.dueAt ?? '') - one.sandbox.clock.now() * 1000)
      await one.advance(3600)
    }
    for (const [index, wait] of waits.entries()) {
      const most = Math.min(1000 * 2 ** index, 3600_000)
      expect(wait).toBeGreaterThanOrEqual(most / 2)
      expect(wait).toBeLessThanOrEqual(most)
    }
    expect(new Set(waits.slice(-3)).size).toBeGreaterThan(1)
  })

  it.each([
    { why: 'a name', thrown: new TypeError('no mailbox jane@shop.example'), told: 'TypeError' },
    {
      why: 'a code',
      thrown: Object.assign(new Error('to jane'), { code: 'ECONNREFUSED' }),
      told: 'Error ECONNREFUSED',
    },
    { why: 'no code', thrown: Object.assign(new Error('jane'), { code: 'jane@shop.example' }), told: 'Error' },
    { why: 'a number', thrown: Object.assign(new Error('jane'), { code: 4242424242424242 }), told: 'Error' },
    { why: 'a card', thrown: Object.assign(new Error('jane'), { code: '4242424242424242' }), told: 'Error' },
    { why: 'no name', thrown: Object.assign(new Error('jane'), { name: 'jane@shop.example' }), told: 'Error' },
    { why: 'no error', thrown: 'jane@shop.example', told: 'a handler threw something that is no error' },
  ])('is told to the observer by what names its error, never by its message: $why', async ({ thrown, told }) => {
    const { florin, happenings } = await withPayments(1)
    florin.on('*', () => Promise.reject(thrown))
    await florin.maintenance.dispatch()
    const reasons = happenings.flatMap((one) => (one.what === 'event_dispatched' ? [one.reason] : []))
    expect(new Set(reasons)).toEqual(new Set([told]))
  })

  it('counts as failed when it does not end within the lease, and holds up nobody for ever', async () => {
    const { florin, succeeded, advance } = await withPayments(2, { settings: { eventLeaseMs: 20 } })
    const { handler, ids } = recorder()
    florin.on('payment.succeeded', ({ id }) => (id === succeeded[0]?.id ? new Promise(() => {}) : undefined))
    florin.on('payment.succeeded', handler)
    expect(await florin.maintenance.dispatch()).toMatchObject({ failed: 1 })
    await advance(1)
    expect(ids()).toEqual(expect.arrayContaining(succeeded.map(({ id }) => id)))
  })
})

describe('an event that was given up', () => {
  async function withDead() {
    const one = await withPayments(1, { settings: { eventAttempts: 3 } })
    const { handler, events } = recorder({ failures: 3 })
    one.florin.on('payment.succeeded', handler)
    for (let tries = 0; tries < 5; tries += 1) {
      await one.florin.maintenance.dispatch()
      await one.advance(60)
    }
    return { ...one, events, id: one.succeeded[0]?.id ?? '' }
  }

  it('is dead after the last attempt, told to the observer, listed, and not told to handlers again', async () => {
    const { florin, events, id, ...one } = await withDead()
    expect(events).toHaveLength(3)
    expect(outcomes(one)).toEqual(['failed 1', 'failed 2', 'dead 3'])
    const { data, hasMore } = await florin.events.list({ status: 'dead' }, system)
    expect(data).toMatchObject([{ id, object: 'event', type: 'payment.succeeded', status: 'dead', attempts: 3 }])
    expect([data[0]?.dueAt, hasMore]).toEqual([null, false])
    expect(data[0]).not.toHaveProperty('data')
    expect((await florin.events.list({ status: 'pending' }, system)).data).toEqual([])
  })

  it('is told again under its id after a retry, with all its attempts, and the audit log says who asked', async () => {
    const { florin, events, id, storage } = await withDead()
    const admin = { id: 'user_admin', roles: ['admin'] as const }
    expect(await florin.events.retry(id, admin)).toMatchObject({ id, status: 'pending', attempts: 0 })
    expect(await florin.maintenance.dispatch()).toEqual({ delivered: 1, failed: 0, dead: 0 })
    expect(new Set(events.map((event) => event.id))).toEqual(new Set([id]))
    expect((await florin.events.list({}, admin)).data).toEqual([])
    const { entries } = await storage.load({ entries: many('audit_log', { objectId: id }) })
    expect(entries).toMatchObject([{ action: 'event.retry', actorId: 'user_admin', outcome: 'succeeded' }])
  })

  it('is retried once by two who ask at once; one that waits or was delivered is refused', async () => {
    const { florin, id } = await withDead()
    const both = await Promise.allSettled([florin.events.retry(id, system), florin.events.retry(id, system)])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const refusal = { kind: 'refused', code: 'event_not_retryable' }
    await expect(florin.events.retry(id, system)).rejects.toMatchObject(refusal)
    await florin.maintenance.dispatch()
    await expect(florin.events.retry(id, system)).rejects.toMatchObject(refusal)
    await expect(florin.events.retry('event_none', system)).rejects.toMatchObject({ code: 'event_not_found' })
    await expect(florin.events.retry('tx_1', system)).rejects.toMatchObject({ code: 'input_invalid' })
  })

  it('is for admins only', async () => {
    const { florin, id } = await withDead()
    for (const actor of [service, alice, { id: 'helper', roles: ['support'] as const }]) {
      await expect(florin.events.list({}, actor)).rejects.toMatchObject({ code: 'forbidden' })
      await expect(florin.events.retry(id, actor)).rejects.toMatchObject({ code: 'forbidden' })
    }
  })
})

describe('a crash', () => {
  /** A storage that is away when an event's outcome is to be stored: as good as a process that died. */
  const losing =
    (isLost: () => boolean) =>
    (inner: Storage<StoredTables>): Storage<StoredTables> => ({
      ...inner,
      commit: async (commit) => {
        const concerns = commit.changes.some(({ table, row }) => table === 'outbox' && row.version > 0)
        if (concerns && isLost()) throw new UnavailableError('storage_unavailable', 'away', 'not_applied')
        return inner.commit(commit)
      },
    })

  it('between the commit and the dispatch loses nothing: another process tells it', async () => {
    const one = await withPayments(1)
    const { handler, ids } = recorder()
    const other = replicaOf(one)
    other.on('payment.succeeded', handler)
    await drain(other)
    expect(ids()).toEqual(one.succeeded.map(({ id }) => id))
  })

  it('between the delivery and its outcome: told again under the same id, but not before the lease is over', async () => {
    const one = await withPayments(1)
    const [first, second] = [recorder(), recorder()]
    const dying = replicaOf(one, { storage: losing(() => first.events.length > 0) })
    dying.on('payment.succeeded', first.handler)
    await expect(dying.maintenance.dispatch()).rejects.toMatchObject({ code: 'storage_unavailable' })
    const other = replicaOf(one)
    other.on('payment.succeeded', second.handler)
    await one.advance(59)
    await drain(other)
    expect([first.events.length, second.events.length]).toEqual([1, 0])
    await one.advance(1)
    await drain(other)
    expect(second.ids()).toEqual(first.ids())
    expect((await outbox(one)).every(({ status }) => status === 'delivered')).toBe(true)
  })

  it('before the claim calls no handler', async () => {
    const one = await withPayments(1)
    const { handler, events } = recorder()
    const away = replicaOf(one, { storage: losing(() => true) })
    away.on('*', handler)
    await expect(away.maintenance.dispatch()).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(events).toEqual([])
  })

  it('at every delivery ends in a dead letter: it does not take processes down for ever', async () => {
    const one = await withPayments(1, { settings: { eventAttempts: 3 } })
    const { handler, events } = recorder()
    let claims = 0
    const dying = replicaOf(one, { settings: { eventAttempts: 3 }, storage: losing(() => events.length > claims) })
    dying.on('payment.succeeded', handler)
    for (; claims < 3; claims += 1) {
      await expect(dying.maintenance.dispatch()).rejects.toMatchObject({ code: 'storage_unavailable' })
      await one.advance(60)
    }
    expect(await dying.maintenance.dispatch()).toMatchObject({ dead: 1 })
    expect(events).toHaveLength(3)
  })
})

describe('two dispatchers', () => {
  it('never tell one event at the same time while the lease lasts', async () => {
    const one = await withPayments(1)
    const [held, started] = [gate(), gate()]
    const second = recorder()
    const other = replicaOf(one)
    other.on('payment.succeeded', second.handler)
    const slow = vi.fn(async () => {
      started.open()
      await held.opened
    })
    one.florin.on('payment.succeeded', slow)
    const first = one.florin.maintenance.dispatch()
    await started.opened
    expect(await other.maintenance.dispatch()).toMatchObject({ failed: 0, dead: 0 })
    expect(second.events).toEqual([])
    held.open()
    await first
    await one.advance(3600)
    await drain(other)
    expect([slow.mock.calls.length, second.events.length]).toEqual([1, 0])
  })

  it('share the work where both found the same events', async () => {
    const one = await withPayments(20)
    const both = gate()
    let arrived = 0
    // Both read before either claims.
    const meeting = (inner: Storage<StoredTables>): Storage<StoredTables> => ({
      ...inner,
      load: async (query) => {
        const loaded = await inner.load(query)
        arrived += 1
        if (arrived === 2) both.open()
        await both.opened
        return loaded
      },
    })
    const { handler, ids } = recorder()
    const replicas = [replicaOf(one, { storage: meeting }), replicaOf(one, { storage: meeting })]
    for (const replica of replicas) replica.on('payment.succeeded', handler)
    await Promise.all(replicas.map((replica) => replica.maintenance.dispatch({ limit: 100 })))
    expect(ids().toSorted()).toEqual(one.succeeded.map(({ id }) => id).toSorted())
  })

  it('leave the outcome to the one who claimed it last, where the lease of the first ran out', async () => {
    const one = await withPayments(1)
    const [held, started] = [gate(), gate()]
    one.florin.on('payment.succeeded', async () => {
      started.open()
      await held.opened
      throw new Error('too late')
    })
    const first = one.florin.maintenance.dispatch()
    await started.opened
    await one.advance(60)
    const other = replicaOf(one)
    const { handler, ids } = recorder()
    other.on('payment.succeeded', handler)
    await drain(other)
    held.open()
    expect(await first).toMatchObject({ failed: 0, dead: 0 })
    expect(ids()).toEqual(one.succeeded.map(({ id }) => id))
    expect((await outbox(one)).every(({ status }) => status === 'delivered')).toBe(true)
  })
})
