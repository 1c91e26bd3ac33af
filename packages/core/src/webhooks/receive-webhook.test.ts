import { signWebhook } from '@florin/stripe-sandbox'
import { describe, expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { one } from '../ports/storage.ts'

const now = () => Math.floor(Date.now() / 1000)
const secret = 'whsec_florin_test'

async function delivered() {
  const one = sandboxedFlorin({ webhooks: false })
  const input = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
  const { data } = await one.florin.payments.create(input, { actor: service })
  const event = one.sandbox.state
    .all('event')
    .find((each) => 'type' in each && each.type === 'payment_intent.succeeded')
  return { ...one, payment: data, event: { ...event, id: 'evt_1' }, body: JSON.stringify({ ...event, id: 'evt_1' }) }
}

const sign = (body: string, key = secret, at = now()) => signWebhook(body, [key], at)

describe('receiving a webhook', () => {
  it('takes two round trips and no gateway call', async () => {
    const { florin, body, counts } = await delivered()
    counts.reset()
    expect(await florin.webhooks.receive(body, sign(body))).toEqual({ eventId: 'evt_1', outcome: 'processed' })
    expect(counts).toMatchObject({ loads: 1, commits: 1, calls: 0 })
  })

  it.each([
    { what: 'bytes', given: (body: string) => new TextEncoder().encode(body) },
    { what: 'a Buffer, as express.raw leaves it', given: (body: string) => Buffer.from(body) },
  ])('takes $what', async ({ given }) => {
    const { florin, body } = await delivered()
    // With letters of more than one byte.
    const told = body.replace('"id":"evt_1"', '"id":"evt_1","of":"Zoë 🦊"')
    expect(await florin.webhooks.receive(given(told), sign(told))).toMatchObject({ outcome: 'processed' })
  })

  it.each([
    { what: 'a parsed body', body: { id: 'evt_1' }, field: 'body', says: /raw body/ },
    { what: 'no body', body: undefined, field: 'body', says: /raw body/ },
    { what: 'two signatures', body: '{}', signature: ['t=1', 't=2'], field: 'signature', says: /Stripe-Signature/ },
  ])('says what is wrong with $what', async ({ body, signature = null, field, says }) => {
    const { florin, counts } = sandboxedFlorin()
    const received: unknown = Reflect.apply(florin.webhooks.receive, undefined, [body, signature])
    const fields = [{ field, message: expect.stringMatching(says) }]
    await expect(received).rejects.toMatchObject({ code: 'input_invalid', details: { fields } })
    expect(counts).toMatchObject({ loads: 0, commits: 0 })
  })

  it('takes null for a signature that is missing, as `headers.get` answers it', async () => {
    const { florin } = sandboxedFlorin()
    const received = florin.webhooks.receive('{}', null)
    await expect(received).rejects.toMatchObject({ code: 'webhook_signature_invalid', message: /is missing/ })
  })

  it('processes an event once, however often and at once it is delivered', async () => {
    const { florin, body, happenings } = await delivered()
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => florin.webhooks.receive(body, sign(body))))
    expect(outcomes.filter(({ outcome }) => outcome === 'processed')).toHaveLength(1)
    expect(outcomes.filter(({ outcome }) => outcome === 'duplicate')).toHaveLength(9)
    expect(happenings.filter(({ what }) => what === 'webhook_received')).toHaveLength(10)
  })

  it.each([
    { why: 'no signature', header: () => undefined, code: 'webhook_signature_invalid' },
    { why: 'another secret', header: (body: string) => sign(body, 'whsec_other'), code: 'webhook_signature_invalid' },
    {
      why: 'an old signature',
      header: (body: string) => sign(body, secret, now() - 301),
      code: 'webhook_signature_invalid',
    },
    { why: 'another body', header: (body: string) => sign(`${body} `), code: 'webhook_signature_invalid' },
    {
      why: 'an upper-case signature',
      header: (body: string) => sign(body).replace(/v1=.*/, (hex) => hex.toUpperCase().replace('V1', 'v1')),
      code: 'webhook_signature_invalid',
    },
  ])('refuses $why and stores nothing', async ({ header, code }) => {
    const { florin, storage, body } = await delivered()
    await expect(florin.webhooks.receive(body, header(body))).rejects.toMatchObject({ kind: 'invalid', code })
    const { event } = await storage.load({ event: one('webhook_events', { id: 'evt_1' }) })
    expect(event).toBeUndefined()
  })

  it.each([
    { why: 'a thin event', body: JSON.stringify({ id: 'evt_2', object: 'v2.core.event', type: 'v1.charge.refunded' }) },
    { why: 'text that is not JSON', body: 'hello' },
    { why: 'an event without an object', body: JSON.stringify({ id: 'evt_2', object: 'event', type: 'x', data: {} }) },
  ])('refuses $why, though it is signed', async ({ body }) => {
    const { florin } = await delivered()
    await expect(florin.webhooks.receive(body, sign(body))).rejects.toMatchObject({ code: 'webhook_payload_invalid' })
  })

  it.each([
    { why: 'of the other mode', change: { livemode: true }, reason: /live mode/, misdirected: 'wrong_mode' },
    {
      why: 'of a connected account',
      change: { account: 'acct_2' },
      reason: /acct_2/,
      misdirected: 'connected_account',
    },
    {
      why: 'of an unknown type',
      change: { type: 'climate.order.created' },
      reason: /no concern/,
      misdirected: undefined,
    },
  ])('stores an event $why as ignored', async ({ change, reason, misdirected }) => {
    const { florin, storage, event, happenings } = await delivered()
    const body = JSON.stringify({ ...event, ...change })
    expect(await florin.webhooks.receive(body, sign(body))).toMatchObject({ outcome: 'ignored' })
    const { row } = await storage.load({ row: one('webhook_events', { id: 'evt_1' }) })
    expect(row).toMatchObject({ status: 'ignored', reason: expect.stringMatching(reason), attempts: 1 })
    const told = happenings.flatMap((it) => (it.what === 'webhook_received' ? [it.misdirected] : []))
    expect(told).toEqual([misdirected])
  })

  it.each([
    { of: 'another account', context: 'acct_2', ignored: true },
    { of: 'an account connected to another', context: 'acct_1/acct_2', ignored: true },
    { of: 'its own', context: undefined, ignored: false },
    { of: 'its own, in an organization', context: 'org_1', ignored: false },
  ])('looks at the context of an event: of $of', async ({ context, ignored }) => {
    const { florin, storage, event, happenings } = await delivered()
    const unbound = JSON.stringify({ ...event, id: 'evt_unbound', context: 'acct_2' })
    expect(await florin.webhooks.receive(unbound, sign(unbound))).toMatchObject({ outcome: 'processed' })
    const binding = await florin.maintenance.bindAccount()
    const own = binding.isOurs ? binding.account.id : ''
    const body = JSON.stringify({ ...event, context: context === 'org_1' ? `org_1/${own}` : (context ?? own) })
    const outcome = ignored ? 'ignored' : 'processed'
    expect(await florin.webhooks.receive(body, sign(body))).toMatchObject({ outcome })
    const { row } = await storage.load({ row: one('webhook_events', { id: 'evt_1' }) })
    expect(row).toMatchObject({ status: outcome, ...(ignored && { reason: 'it is of the connected account acct_2' }) })
    const told = happenings.flatMap((it) => (it.what === 'webhook_received' ? [it.misdirected] : []))
    expect(told).toEqual([undefined, ignored ? 'connected_account' : undefined])
  })

  it('tells of a status that nobody knows yet', async () => {
    const { body } = await delivered()
    // To a process that has not heard of the payment: nothing is more final than "succeeded".
    const { florin, happenings } = sandboxedFlorin({ webhooks: false })
    const odd = body.replaceAll('"status":"succeeded"', '"status":"wandering"')
    expect(await florin.webhooks.receive(odd, sign(odd))).toMatchObject({ outcome: 'processed' })
    expect(happenings).toContainEqual({
      ...{ what: 'unknown_status', table: 'transactions', id: expect.stringMatching(/^tx_/), status: 'wandering' },
    })
  })

  it('keeps the body sealed', async () => {
    const { florin, storage, body } = await delivered()
    await florin.webhooks.receive(body, sign(body))
    const { row } = await storage.load({ row: one('webhook_events', { id: 'evt_1' }) })
    expect(row?.payload).toBeInstanceOf(Uint8Array)
    expect(new TextDecoder().decode(row?.payload ?? undefined)).not.toContain('payment_intent')
  })

  it('keeps an event that cannot be applied, refuses four deliveries, and takes the fifth', async () => {
    const { florin, storage, event } = await delivered()
    const body = JSON.stringify({ ...event, data: { object: { object: 'payment_intent', id: 'pi_1' } } })
    const receive = () => florin.webhooks.receive(body, sign(body))
    for (let delivery = 1; delivery <= 4; delivery += 1) {
      await expect(receive()).rejects.toMatchObject({ kind: 'unavailable' })
    }
    expect(await receive()).toMatchObject({ eventId: 'evt_1' })
    const { row } = await storage.load({ row: one('webhook_events', { id: 'evt_1' }) })
    expect(row).toMatchObject({ status: 'failed', attempts: 5 })
  })

  it('takes the second delivery of one that was tried three times more meanwhile', async () => {
    const { florin, event, advance } = await delivered()
    const body = JSON.stringify({ ...event, data: { object: { object: 'payment_intent', id: 'pi_1' } } })
    await expect(florin.webhooks.receive(body, sign(body))).rejects.toMatchObject({ kind: 'unavailable' })
    for (const minutes of [1, 2, 4]) {
      await advance(minutes * 60 + 1)
      expect(await florin.maintenance.retryWebhooks()).toMatchObject({ failed: 1 })
    }
    expect(await florin.webhooks.receive(body, sign(body))).toMatchObject({ outcome: 'failed' })
  })

  it('ignores what another installation made on the same account', async () => {
    const { florin, storage, event } = await delivered()
    const text = JSON.stringify({ ...event, id: 'evt_9' })
    const body = text
      .replace('"florin_installation":"florin"', '"florin_installation":"other"')
      .replaceAll(/pi_\w+/g, 'pi_other')
    expect(body).toContain('"florin_installation":"other"')
    await florin.webhooks.receive(body, sign(body))
    expect((await storage.load({ row: one('transactions', { gatewayId: 'pi_other' }) })).row).toBeUndefined()
  })
})
