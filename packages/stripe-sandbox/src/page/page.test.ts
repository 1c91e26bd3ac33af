import { describe, expect, test } from 'vitest'
import { clientOf, noRedirects, openRig, openSandbox, payWith, transports } from '../../test/rig.ts'
import { placeOf, ticksOf } from './time-line.ts'

const open = async (transport: (typeof transports)[number] = 'in-process') => {
  const rig = await openRig(transport)
  const show = async (path = '/') => (await rig.raw(path)).text()
  /** Presses a button as the page's script does. */
  const press = async (action: string, fields: Record<string, string> = {}) => {
    const answer = await rig.raw(`/_sandbox/page/do/${action}`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    })
    return { status: answer.status, ...(await answer.json()) }
  }
  return { ...rig, show, press }
}

describe.each(transports)('the page, %s', (transport) => {
  test('shows what is there: customers, payments, subscriptions, invoices, events and requests', async () => {
    const { stripe, sandbox, show } = await open(transport)
    const customer = await stripe.customers.create({ name: 'Ada Lovelace' })
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: 'price_1234567890' }],
      default_payment_method: card.id,
      trial_period_days: 7,
    })
    await payWith(stripe, card.id, { customer: customer.id, amount: 4250, off_session: true })
    await sandbox.webhooks.settled()
    const page = await show()
    for (const text of [
      ...['Ada Lovelace', 'visa •••• 4242', '$42.50', 'trial until 8 Nov 2026', 'Trial is about to end'],
      ...[subscription.id, 'customer.subscription.created', 'http://127.0.0.1:9/hooks', '/v1/payment_intents'],
    ]) {
      expect(page).toContain(text)
    }
    expect(page).toMatch(
      /role="img" aria-label="Since 1 Nov 2026; Trial, 1 Nov 2026 to 8 Nov 2026; trial until 8 Nov 2026"/,
    )
  })

  test('whatever a value says, it is shown and not run', async () => {
    const { stripe, show } = await open(transport)
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    const customer = await stripe.customers.create({ name: evil, metadata: { evil } })
    await stripe.customers.create({ name: 'x' }, { idempotencyKey: evil })
    for (const path of ['/', `/_sandbox/page/objects/${customer.id}`, `/?note=${encodeURIComponent(evil)}`]) {
      const page = await show(path)
      expect(page).not.toContain('<script>alert')
      expect(page).not.toContain('<img')
      expect(page).toContain('&lt;script&gt;alert(1)')
    }
  })

  test('allows no script and no style but its own', async () => {
    const { raw } = await open(transport)
    const answer = await raw('/')
    expect(answer.headers.get('content-security-policy')).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    )
    const page = await answer.text()
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?! src="\/_sandbox\/page\/page.js")/)
    for (const [file, type] of [
      ['page.js', 'text/javascript'],
      ['page.css', 'text/css'],
    ] as const) {
      const { headers, status } = await raw(`/_sandbox/page/${file}`)
      expect([status, headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`])
    }
  })

  test('shows any object with the events about it, and nothing private', async () => {
    const { stripe, sandbox, raw, show } = await open(transport)
    const customer = await stripe.customers.create()
    await sandbox.webhooks.settled()
    expect(await show(`/_sandbox/page/objects/${customer.id}`)).toContain('customer.created')
    const [delivery] = sandbox.webhooks.deliveries()
    expect((await raw(`/_sandbox/page/objects/${delivery?.id}`)).status).toBe(404)
    expect(await show()).not.toContain('whsec_')
  })

  test('its buttons move the clock', async () => {
    const { sandbox, stripe, press } = await open(transport)
    const start = sandbox.clock.now()
    expect(await press('advance', { seconds: '3600' })).toMatchObject({ status: 200, done: true })
    expect(await press('move-to', { moment: '2026-11-02T00:00' })).toMatchObject({ done: true })
    expect(sandbox.clock.now()).toBe(start + 86_400)
    expect(await press('move-to', { moment: '2026-11-01T00:00:00' })).toMatchObject({ status: 400, done: false })
    expect(await press('next')).toEqual({ status: 400, done: false, note: 'Nothing is planned.' })
    await payWith(stripe, 'pm_card_createDispute')
    expect(await press('next')).toMatchObject({ done: true })
    expect(sandbox.clock.now()).toBe(start + 86_401)
    expect(await press('advance', { seconds: '-1' })).toMatchObject({ status: 400 })
  })

  test('its buttons play the customer: 3-D Secure and Checkout', async () => {
    const { stripe, press, show } = await open(transport)
    const challenged = () => payWith(stripe, 'pm_card_threeDSecure2Required')
    const [good, bad] = [await challenged(), await challenged()]
    expect(await show()).toContain('Complete 3-D Secure')
    await press('authenticate', { id: good.id, outcome: 'succeed' })
    await press('authenticate', { id: bad.id, outcome: 'fail' })
    expect(await stripe.paymentIntents.retrieve(good.id)).toMatchObject({ status: 'succeeded' })
    expect(await stripe.paymentIntents.retrieve(bad.id)).toMatchObject({ status: 'requires_payment_method' })
    const setup = await stripe.setupIntents.create({
      payment_method: 'pm_card_threeDSecure2Required',
      confirm: true,
      automatic_payment_methods: noRedirects,
    })
    await press('authenticate', { id: setup.id, outcome: 'succeed' })
    expect(await stripe.setupIntents.retrieve(setup.id)).toMatchObject({ status: 'succeeded' })
    expect(await press('authenticate', { id: good.id, outcome: 'succeed' })).toMatchObject({ status: 400, done: false })
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [{ price_data: { currency: 'usd', unit_amount: 900, product_data: { name: 'Tea' } }, quantity: 1 }],
      success_url: 'https://shop.test/thanks',
    })
    expect(
      await press('complete-checkout', { id: session.id, payment_method: 'pm_card_chargeDeclined' }),
    ).toMatchObject({
      note: expect.stringContaining('declined'),
    })
    await press('complete-checkout', { id: session.id, payment_method: 'pm_card_visa' })
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'complete' })
  })

  test('its buttons refund and capture, past any fault and without an entry in the log', async () => {
    const { stripe, sandbox, press, show } = await open(transport)
    const paid = await payWith(stripe)
    const held = await payWith(stripe, 'pm_card_visa', { capture_method: 'manual' })
    sandbox.requests.clear()
    sandbox.faults.inject({ kind: 'fail_before', times: 9 })
    expect(await press('refund', { id: paid.id, amount: '500' })).toMatchObject({ done: true })
    expect(await show()).toContain('partly refunded')
    expect(await press('refund', { id: paid.id, amount: '5000' })).toMatchObject({ status: 400, done: false })
    expect(await press('capture', { id: held.id })).toMatchObject({ done: true })
    expect(sandbox.requests.list()).toEqual([])
    sandbox.faults.clear()
    expect(sandbox.state.all('refund')).toMatchObject([{ amount: 500 }])
    expect(await stripe.paymentIntents.retrieve(held.id)).toMatchObject({ status: 'succeeded' })
  })

  test('its buttons steer webhooks and faults', async () => {
    const { stripe, sandbox, press, received } = await open(transport)
    const mode = { duplicate: '0', drop: '0', reorder: '1', delay: '0' }
    expect(await press('mode', { ...mode, hold: 'on' })).toMatchObject({ done: true })
    await stripe.customers.create()
    await sandbox.webhooks.settled()
    expect(received).toHaveLength(0)
    expect(await press('flush')).toMatchObject({ note: 'Sent 1 webhook.' })
    expect(await press('redeliver', { event: received[0]?.id ?? '' })).toMatchObject({ done: true })
    expect(received).toHaveLength(2)
    await press('calm')
    expect(sandbox.webhooks.mode()).toMatchObject({ hold: false })
    expect(await press('mode', { ...mode, drop: '7' })).toMatchObject({ status: 400 })
    const fault = {
      kind: 'fail_before',
      method: 'POST',
      path: '/v1/customers',
      times: '2',
      status: '503',
      delay_ms: '0',
    }
    await press('fault', fault)
    await expect(stripe.customers.create()).rejects.toMatchObject({ statusCode: 503 })
    await press('clear-faults')
    await press('fault', { ...fault, method: '', path: '', status: '' })
    await expect(stripe.customers.list()).rejects.toMatchObject({ statusCode: 500 })
    await press('forget-requests')
    expect(sandbox.requests.list()).toEqual([])
    await press('reset')
    expect(sandbox.state.all('customer')).toEqual([])
    expect(await press('explode')).toEqual({ status: 400, done: false, note: 'The page has no button explode.' })
  })

  test('without its script a button leads back to the page, which says what was done', async () => {
    const { raw } = await open(transport)
    const answer = await raw('/_sandbox/page/do/advance', { method: 'POST', body: 'seconds=86400', redirect: 'manual' })
    expect(answer.status).toBe(303)
    const back = answer.headers.get('location') ?? ''
    expect(await (await raw(back)).text()).toContain('It is 2 Nov 2026 now')
  })

  test.each([
    { what: 'press its buttons', path: '/_sandbox/page/do/advance', body: 'seconds=60' },
    { what: 'steer it', path: '/_sandbox/clock', body: '{"advance":60}' },
  ])('no other site may $what', async ({ path, body }) => {
    const { raw, sandbox } = await open(transport)
    const before = sandbox.clock.now()
    const post = (site: string) => raw(path, { method: 'POST', headers: { 'sec-fetch-site': site }, body })
    for (const site of ['cross-site', 'same-site']) expect((await post(site)).status).toBe(403)
    expect(sandbox.clock.now()).toBe(before)
    expect((await post('same-origin')).status).toBeLessThan(400)
    expect(sandbox.clock.now()).toBe(before + 60)
  })

  test('a stream says that something has changed, once for many changes', async () => {
    const { raw, stripe, sandbox } = await open(transport)
    const stream = await raw('/_sandbox/stream')
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    const reader = stream.body?.getReader()
    const next = async () => new TextDecoder().decode((await reader?.read())?.value)
    expect(await next()).toContain('event: change')
    await stripe.customers.create()
    await stripe.customers.create()
    expect(await next()).toBe('event: change\ndata: {}\n\n')
    await sandbox.clock.advance(60)
    expect(await next()).toBe('event: change\ndata: {}\n\n')
    await reader?.cancel()
    await stripe.customers.create()
  })
})

test('a long list shows its newest rows, and all on demand', async () => {
  const sandbox = openSandbox()
  const stripe = clientOf(sandbox)
  for (let count = 1; count <= 25; count += 1) await stripe.customers.create({ name: `Customer number ${count}!` })
  const rows = async (path: string) =>
    (await (await sandbox.fetch(`http://sandbox${path}`)).text()).match(/<b>Customer number \d+!/g) ?? []
  expect(await rows('/')).toHaveLength(20)
  expect((await rows('/'))[0]).toBe('<b>Customer number 25!')
  expect(await rows('/?all=customers')).toHaveLength(25)
})

describe('the line of time', () => {
  const at = (date: string) => Date.parse(date) / 1000

  test('places moments in percent, and what lies outside at the edge', () => {
    const axis = { from: 100, to: 200 }
    expect([100, 125, 200, 0, 300].map((moment) => placeOf(moment, axis))).toEqual([0, 25, 100, 0, 100])
    expect(placeOf(5, { from: 5, to: 5 })).toBe(0)
  })

  test.each([
    { from: '2026-11-01', to: '2026-11-05', labels: ['1 Nov', '2 Nov', '3 Nov', '4 Nov', '5 Nov'] },
    { from: '2026-11-03', to: '2026-12-01', labels: ['3 Nov', '10 Nov', '17 Nov', '24 Nov', '1 Dec'] },
    { from: '2026-11-15', to: '2027-02-10', labels: ['Dec 26', 'Jan 27', 'Feb 27'] },
    { from: '2026-11-15', to: '2030-02-10', labels: ['2027', '2028', '2029', '2030'] },
  ])('marks the calendar from $from to $to', ({ from, to, labels }) => {
    expect(ticksOf({ from: at(from), to: at(to) }).map(({ label }) => label)).toEqual(labels)
  })
})
