import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { webhookEvent } from '../src/wire/webhook-event.ts'
import { type Answer, type Json, openWorld, type Send } from './http-world.ts'

const admin = { as: 'admin' } as const
const answered = z.strictObject(webhookEvent.shape)

let world: Awaited<ReturnType<typeof openWorld>>
let send: Send
beforeAll(async () => {
  world = await openWorld()
  send = world.send
  const order = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }
  for (let paid = 0; paid < 4; paid += 1) await send('POST', '/api/v1/payments', order)
  await world.webhooks()
})

const get = (path: string): Promise<Answer> => send('GET', `/api/v1/webhook-events${path}`, undefined, admin)

/** Delivers an event as Stripe would, with something else in it. */
async function deliver(id: string, change: object): Promise<number> {
  const [event] = world.sandbox.state.all('event')
  const body = JSON.stringify({ ...event, id, ...change })
  const headers = { 'Stripe-Signature': world.sign(body) }
  return (await send('POST', '/api/v1/webhooks/stripe', body, { as: 'anonymous', headers })).status
}

describe('GET /api/v1/webhook-events', () => {
  test('lists what became of them, page by page, and nothing of their bodies', async () => {
    const all: Json[] = []
    let path = '?limit=5'
    for (;;) {
      const { status, body } = await get(path)
      expect(status).toBe(200)
      all.push(...body.data)
      if (!body.has_more) break
      path = `?limit=5&cursor=${body.next_cursor}`
    }
    const events = z
      .array(z.object({ id: z.string() }))
      .parse(world.sandbox.state.all('event'))
      .map(({ id }) => id)
    expect(all.map(({ id }) => id).sort()).toEqual([...events].sort())
    for (const event of all) expect(answered.safeParse(event)).toMatchObject({ success: true })
    expect(JSON.stringify(all)).not.toMatch(/alice|4242|client_secret|"data"|"payload"/)
  })

  test('lists those of a status', async () => {
    expect(await deliver('evt_ignored', { livemode: true })).toBe(200)
    const { body } = await get('?status=ignored')
    const [strayed] = body.data.filter(({ id }: Json) => id === 'evt_ignored')
    expect(strayed).toMatchObject({ status: 'ignored', reason: 'it is of live mode', next_attempt_at: null })
    expect(body.data.every(({ status }: Json) => status === 'ignored')).toBe(true)
  })

  test.each([
    { query: '?status=lost', field: 'status' },
    { query: '?type=invoice.paid', field: 'type' },
    { query: '?status=processed&type=invoice.paid', field: 'type' },
    { query: "?status=failed&type=x'%20or%201", field: 'type' },
    { query: '?limit=0', field: 'limit' },
    { query: '?cursor=nonsense', field: 'cursor' },
    { query: '?since=today', field: 'since' },
  ])('refuses $query, and names the field', async ({ query, field }) => {
    expect(await get(query)).toMatchObject({ status: 422, body: { code: 'input_invalid', errors: [{ field }] } })
  })
})

describe('POST /api/v1/webhook-events/:id/replay', () => {
  test('applies one again that failed, keeps its error, and is audited', async () => {
    const unreadable = { type: 'payment_intent.succeeded', data: { object: { object: 'payment_intent', id: 'pi_1' } } }
    expect(await deliver('evt_failed', unreadable)).toBe(503)
    const path = '/api/v1/webhook-events/evt_failed/replay'
    const replayed = await send('POST', path, undefined, { ...admin, headers: { 'X-Request-Id': 'req-1' } })
    expect(replayed).toMatchObject({ status: 200, body: { status: 'failed', attempts: 2, is_replayable: true } })
    expect(replayed.body.reason).toContain('amount')
    expect(await get('/evt_failed')).toMatchObject({ status: 200, body: replayed.body })
    const found = await get('?status=failed&type=payment_intent.succeeded')
    expect(found.body.data.map(({ id }: Json) => id)).toEqual(['evt_failed'])
  })

  test('may be repeated at will where it was processed', async () => {
    const [{ id }] = (await get('?status=processed&limit=1')).body.data
    for (const attempts of [2, 3]) {
      const replayed = await send('POST', `/api/v1/webhook-events/${id}/replay`, undefined, admin)
      expect(replayed).toMatchObject({ status: 200, body: { id, status: 'processed', attempts } })
    }
  })

  test.each(['evt_none', 'tx_1', 'evt_%00'])('does not find %s', async (id) => {
    const missing = { status: 404, body: { code: 'webhook_event_not_found' } }
    expect(await get(`/${id}`)).toMatchObject(missing)
    expect(await send('POST', `/api/v1/webhook-events/${id}/replay`, undefined, admin)).toMatchObject(missing)
  })
})
