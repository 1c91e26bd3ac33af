import { beforeAll, describe, expect, test } from 'vitest'
import { createLogger } from '../src/index.ts'
import { openWorld, tokenFor } from './http-world.ts'

type World = Awaited<ReturnType<typeof openWorld>>
let world: World
beforeAll(async () => {
  world = await openWorld()
})

const json = { 'Content-Type': 'application/json' }
const order = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }
const create = (body: unknown, headers: Record<string, string> = {}) =>
  world.send('POST', '/api/v1/payments', body, { headers })

describe('a body that cannot be read', () => {
  test.each([
    { why: 'is cut off', body: '{"user_id":', headers: json, status: 400, code: 'body_malformed' },
    {
      why: 'is a form',
      body: 'user_id=a',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      status: 415,
    },
    { why: 'names no type', body: '{}', headers: { 'Content-Type': '' }, status: 415 },
    { why: 'is JSON by another name', body: '{}', headers: { 'Content-Type': 'text/json' }, status: 415 },
    { why: 'is not there', body: '', headers: json, status: 400, code: 'body_malformed' },
  ])('is refused where it $why', async ({ body, headers, status, code = 'unsupported_media_type' }) => {
    const answer = await create(body, headers)
    expect(answer).toMatchObject({ status, body: { code, type: `urn:florin:error:${code}` } })
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })

  test('does not find its way into the answer', async () => {
    const { body } = await create('{"secret": "4242424242424242" oops')
    expect(JSON.stringify(body)).not.toMatch(/4242|oops/)
  })

  test.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.shop+json'])(
    'is none of type %s',
    async (type) => expect((await create(order, { 'Content-Type': type })).status).toBe(201),
  )
})

describe('a body that its sender breaks off', () => {
  test.each(['/api/v1/payments', '/api/v1/webhooks/stripe'])('is no defect: %s', async (path) => {
    const lines: string[] = []
    const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
    const { app } = await openWorld({ app: { logger } })
    for (const headers of [json, { ...json, 'Content-Length': '100' }]) {
      const body = new ReadableStream({ pull: (controller) => controller.error(new Error('aborted')) })
      const Authorization = `Bearer ${await tokenFor('backend', 'service')}`
      const init = { method: 'POST', headers: { ...headers, Authorization }, body, duplex: 'half' } as const
      const response = await app.request(path, init)
      expect({ status: response.status, body: await response.json() }).toMatchObject({
        ...{ status: 400, body: { code: 'body_malformed' } },
      })
    }
    expect(lines.join('')).not.toMatch(/"level":"(ERROR|WARN)"/)
  })
})

describe('a body that does not fit', () => {
  test('is answered with every field that is wrong, by the name that was sent', async () => {
    const { status, body } = await create({
      user_id: 'not a user',
      amount: 10.5,
      currency: 'XXX',
      payment_method: 7,
      capture_method: 'later',
      metadata: { order: 1 },
      userId: 'alice',
      amout: 3,
    })
    expect(status).toBe(422)
    expect(body.code).toBe('input_invalid')
    expect(body.errors.map(({ field }: { field: string }) => field).sort()).toEqual([
      'amount',
      'amout',
      'capture_method',
      'currency',
      'metadata.order',
      'payment_method',
      'userId',
      'user_id',
    ])
    for (const { field, message } of body.errors) expect(body.detail).toContain(`${field}: ${message}`)
  })

  test('says what is missing', async () => {
    const { body } = await create({ currency: 'USD' })
    expect(body.errors).toEqual([
      { field: 'user_id', message: 'is required' },
      { field: 'amount', message: 'is required' },
    ])
  })

  test.each([
    { why: 'is a list', body: [], field: '(body)' },
    { why: 'is null', body: 'null', field: '(body)' },
    { why: 'is a text', body: '"pay"', field: '(body)' },
    { why: 'asks for less than Stripe takes', body: { ...order, amount: 1 }, field: 'amount' },
    { why: 'asks for nothing', body: { ...order, amount: 0 }, field: 'amount' },
    { why: 'asks for a negative sum', body: { ...order, amount: -5 }, field: 'amount' },
    { why: 'sends the amount as text', body: { ...order, amount: '1000' }, field: 'amount' },
    { why: 'asks for more than a number can hold', body: { ...order, amount: 2 ** 60 }, field: 'amount' },
    {
      why: 'sends the customer to another program',
      body: { ...order, return_url: 'javascript:alert(1)' },
      field: 'return_url',
    },
    {
      why: "uses Florin's own metadata",
      body: { ...order, metadata: { florin_id: 'x' } },
      field: 'metadata.florin_id',
    },
    { why: 'charges nobody', body: { ...order, payment_method: undefined, off_session: true }, field: 'off_session' },
    { why: 'names no method', body: { ...order, payment_method: '4242' }, field: 'payment_method' },
  ])('is refused where it $why', async ({ body, field }) => {
    expect(await create(body)).toMatchObject({ status: 422, body: { code: 'input_invalid', errors: [{ field }] } })
  })

  test.each([
    {
      body: { ...order, description: '' },
      errors: [{ field: 'description', message: 'must have at least 1 character' }],
    },
    { body: { ...order, metadata: { a: 1 } }, errors: [{ field: 'metadata.a', message: 'must be text' }] },
    {
      body: { ...order, metadata: { '': 'a' } },
      errors: [{ field: 'metadata.', message: 'must have at least 1 character' }],
    },
    { body: { ...order, off_session: 1 }, errors: [{ field: 'off_session', message: 'must be true or false' }] },
    { body: [], errors: [{ field: '(body)', message: 'must be an object' }] },
  ])('is told in the words of the library: $errors.0.message', async ({ body, errors }) => {
    expect((await create(body)).body.errors).toEqual(errors)
  })

  test('is answered in a few lines, however much is wrong', async () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `"[${index.toString(36)}":""`).join()
    const unknown = await create(`{${keys}}`)
    expect(unknown.body.errors).toHaveLength(21)
    expect(unknown.body.detail).toMatch(/\(more\): 19983 more fields are wrong$/)
    const { body } = await create({ ...order, metadata: JSON.parse(`{${keys}}`) })
    expect(body.errors).toEqual([{ field: 'metadata', message: 'must have at most 44 keys' }])
  })

  test.each([
    { limit: '0', message: 'must be at least 1' },
    { limit: '101', message: 'must be at most 100' },
    { limit: '1.5', message: 'must be a whole number' },
    { limit: '-1', message: 'must be at least 1' },
    ...['ten', '', '0x10', '1e1', '10.0', '%2B5', '%205', '1'.repeat(400)].map((limit) => ({
      ...{ limit, message: 'must be a whole number' },
    })),
  ])('a limit of $limit $message', async ({ limit, message }) => {
    const { body } = await world.send('GET', `/api/v1/users/alice/payments?limit=${limit}`)
    expect(body).toMatchObject({ detail: `limit: ${message}`, errors: [{ field: 'limit', message }] })
  })

  test('takes a currency in lower case', async () => {
    expect(await create({ ...order, currency: 'usd' })).toMatchObject({ status: 201, body: { currency: 'USD' } })
  })

  test('has no use for a prototype', async () => {
    const answer = await create('{"__proto__":{"admin":true},"constructor":{"prototype":{}},"user_id":"alice"}')
    expect(answer.status).toBe(422)
    const fields = answer.body.errors.map(({ field }: { field: string }) => field)
    expect(fields).toEqual(expect.arrayContaining(['__proto__', 'constructor']))
    const body = JSON.stringify(order).replace('}', ',"metadata":{"__proto__":"x","constructor":"y","a":"b"}}')
    const kept = await create(body)
    expect(kept.status).toBe(201)
    expect(kept.body.metadata).toMatchObject({ a: 'b', constructor: 'y' })
    expect('admin' in {}).toBe(false)
  })
})

test('refuses card numbers wherever text is free, and repeats none', async () => {
  const bodies = [
    { ...order, description: 'card 4242 4242 4242 4242' },
    { ...order, reference: '5555-5555-5555-4444' },
    { ...order, metadata: { card: '378282246310005' } },
  ]
  for (const body of bodies) {
    const answer = await create(body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'card_number_refused' } })
    expect(JSON.stringify(answer.body)).not.toMatch(/4242|5555|3782/)
  }
  const asField = await create({ ...order, '4242424242424242': 'x' })
  expect(asField.status).toBe(422)
  expect(JSON.stringify(asField.body)).not.toContain('4242424242424242')
})

describe('a body that is too large', () => {
  const padded = (size: number) => JSON.stringify(order).padEnd(size)

  test('is refused by its declared length, unread', async () => {
    const headers = { ...json, 'Content-Length': '262145' }
    expect(await create('{}', headers)).toMatchObject({ status: 413, body: { code: 'body_too_large' } })
  })

  test('is refused while it is read where it declares none', async () => {
    expect(await create(padded(262_144))).toMatchObject({ status: 201 })
    expect(await create(padded(262_145))).toMatchObject({ status: 413, body: { code: 'body_too_large' } })
  })

  test('may be four times as large where Stripe sends it', async () => {
    const { send, sign } = await openWorld({ app: { bodyLimitBytes: 200 } })
    const event = { id: 'evt_1', object: 'event', type: 'x', created: 1, livemode: false, data: { object: {} } }
    const received = (size: number) => {
      const body = JSON.stringify(event).padEnd(size)
      const headers = { 'Stripe-Signature': sign(body) }
      return send('POST', '/api/v1/webhooks/stripe', body, { as: 'anonymous', headers })
    }
    expect(await received(1_048_576)).toMatchObject({ status: 200 })
    expect(await received(1_048_577)).toMatchObject({ status: 413, body: { code: 'body_too_large' } })
  })

  test('is none that says all that may be said, in escapes', async () => {
    const long = (length: number) => '字'.repeat(length)
    const keys = Array.from({ length: 44 }, (_, index) => [long(38) + String(index).padStart(2, '0'), long(500)])
    const said = { description: long(1000), reference: long(255), return_url: `https://a.example/${'x'.repeat(1900)}` }
    const body = JSON.stringify({ ...order, ...said, metadata: Object.fromEntries(keys) })
    expect(await create(body.replaceAll('字', '\\u5b57'))).toMatchObject({ status: 201 })
  })

  test('may be as large as it is allowed to be', async () => {
    const { send } = await openWorld({ app: { bodyLimitBytes: 200 } })
    const text = JSON.stringify(order)
    const padded = text.replace('{', `{${' '.repeat(200 - text.length)}`)
    expect(await send('POST', '/api/v1/payments', padded)).toMatchObject({ status: 201 })
    expect(await send('POST', '/api/v1/payments', padded.replace('{', '{ '))).toMatchObject({ status: 413 })
  })
})

test('takes the actions that need no body without one, and with an empty one', async () => {
  const made = async () => (await create({ ...order, capture_method: 'manual' })).body.id
  const bare = await world.send('POST', `/api/v1/payments/${await made()}/capture`)
  expect(bare).toMatchObject({ status: 200, body: { amount_captured: 1000 } })
  const empty = await world.send('POST', `/api/v1/payments/${await made()}/capture`, {})
  expect(empty.status).toBe(200)
  const headerOnly = await world.send('POST', `/api/v1/payments/${await made()}/cancel`, undefined, { headers: json })
  expect(headerOnly.status).toBe(200)
})

describe('what an endpoint does not read', () => {
  const unread = 'is not a field of this request'
  const inBody = 'belongs in the JSON body'
  const object = 'must be an object'
  test.each([
    { method: 'GET', path: '/payments/tx_1?expand=charge', field: 'expand', message: unread },
    { method: 'POST', path: '/payments/tx_1/capture?amount=500', field: 'amount', message: inBody },
    { method: 'POST', path: '/payments?user_id=alice', body: order, field: 'user_id', message: inBody },
    { method: 'POST', path: '/subscriptions/sub_1/resume', body: { now: 1 }, field: 'now', message: unread },
    { method: 'DELETE', path: '/payment-methods/pm_1', body: [], field: '(body)', message: object },
    { method: 'POST', path: '/payment-methods/pm_1/default', body: 'null', field: '(body)', message: object },
    { method: 'POST', path: '/webhook-events/evt_1/replay', body: { force: true }, field: 'force', message: unread },
    { method: 'POST', path: '/webhook-events/evt_1/replay?force=true', field: 'force', message: unread },
  ])('is refused: $method $path $body', async ({ method, path, body, field, message }) => {
    const answer = await world.send(method, `/api/v1${path}`, body, { as: 'admin' })
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field, message }] } })
  })

  test('is told with where it is read', async () => {
    const subscription = { user_id: 'alice', price_id: world.basic, payment_method: 'pm_card_visa' }
    const path = `/api/v1/subscriptions/${(await world.send('POST', '/api/v1/subscriptions', subscription)).body.id}`
    const answer = await world.send('DELETE', path, { at_period_end: true })
    const errors = [{ field: 'at_period_end', message: 'belongs in the query: ?at_period_end=true' }]
    expect(answer).toMatchObject({ status: 422, body: { errors } })
    const withList = await world.send('DELETE', path, { at_period_end: ['true'] })
    expect(withList.body.errors[0].message).toBe('belongs in the query: ?at_period_end=…')
    expect((await world.send('GET', path)).body).toMatchObject({ status: 'active', cancel_at_period_end: false })
    // Nothing is also what clients send that always send something.
    expect(await world.send('DELETE', `${path}?at_period_end=true`, {})).toMatchObject({ status: 200 })
    expect(await world.send('POST', `${path}/resume`, '')).toMatchObject({ status: 200 })
  })
})

test.each([
  { method: 'PUT', path: '/api/v1/payments', allow: 'POST' },
  { method: 'POST', path: '/api/v1/payments/tx_1', allow: 'GET' },
  { method: 'GET', path: '/api/v1/webhooks/stripe', allow: 'POST' },
  { method: 'DELETE', path: '/health', allow: 'GET' },
  { method: 'PUT', path: '/api/v1/subscriptions/sub_1', allow: 'GET, PATCH, DELETE' },
  { method: 'DELETE', path: '/api/v1/payment-methods/setup', allow: 'POST' },
  { method: 'OPTIONS', path: '/api/v1/payments', allow: 'POST' },
  { method: 'PROPFIND', path: '/api/v1/payments', allow: 'POST' },
])('answers 405 to $method $path', async ({ method, path, allow }) => {
  const answer = await world.send(method, path)
  expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } })
  expect(answer.headers.get('allow')).toBe(allow)
})

test('answers HEAD as it answers GET, without the body', async () => {
  const { id } = (await create(order)).body
  const path = `/api/v1/payments/${id}`
  const [head, whole] = [await world.app.request(path, { method: 'HEAD' }), await world.app.request(path)]
  expect([head.status, whole.status]).toEqual([401, 401])
  const known = { headers: { Authorization: `Bearer ${await tokenFor('backend', 'service')}` } }
  const answer = await world.app.request(path, { method: 'HEAD', ...known })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(await answer.text()).toBe('')
  expect((await world.app.request('/api/v1/payments', { method: 'HEAD', ...known })).status).toBe(405)
})

test('answers 404 to a path that no route has, with the headers of every answer', async () => {
  const answer = await world.send('GET', '/api/v2/payments', undefined, { headers: { 'X-Request-Id': 'lost-1' } })
  expect(answer).toMatchObject({ status: 404, body: { code: 'route_not_found', request_id: 'lost-1' } })
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
})

test('points to the reference where it is served', async () => {
  const detail = 'there is no such route: see /docs'
  expect(await world.send('GET', '/')).toMatchObject({ status: 404, body: { code: 'route_not_found', detail } })
  const { send } = await openWorld({ app: { docs: false } })
  expect((await send('GET', '/')).body.detail).toBe('there is no such route')
})
