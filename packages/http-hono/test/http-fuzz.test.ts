import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMetrics } from '../src/index.ts'
import { makeAliceThings } from './access-table.ts'
import { type Description, FRESH, type FreshKind, type FuzzRequest, type Known, requestsOf } from './fuzz-requests.ts'
import { type Answer, type Json, openWorld, tokenFor } from './http-world.ts'

const requests = Number(process.env.FUZZ ?? 2000)
const requestsOfWorld = 2000
const metricsToken = 'the token of the fuzzed metrics'

type World = Awaited<ReturnType<typeof openWorld>>
let description: Description
let tokens: Readonly<Record<string, string>>

const openFuzzedWorld = () =>
  openWorld({
    settings: ({ basic, better }) => ({ subscribablePrices: [basic, better], userSetsAmount: true }),
    app: { metrics: createMetrics(), metricsToken },
  })

beforeAll(async () => {
  const { send } = await openFuzzedWorld()
  description = (await send('GET', '/openapi.json', undefined, { as: 'anonymous' })).body
  tokens = {
    service: await tokenFor('backend', 'service'),
    admin: await tokenFor('root', 'admin'),
    support: await tokenFor('helper', 'support'),
    alice: await tokenFor('alice', 'user'),
    bob: await tokenFor('bob', 'user'),
    nobody: await tokenFor('nobody'),
    metrics: metricsToken,
  }
})

/** How often each operation was answered by each status. */
const counted = new Map<string, Map<number, number>>()

test(
  'whatever is asked, the answer is one that the document describes, and no 5xx',
  async () => {
    const check = checkerOf(description)
    // A customer has at most 500 subscriptions at Stripe, so a world does not take requests for ever.
    for (let left = requests; left > 0; left -= requestsOfWorld) {
      const world = await openFuzzedWorld()
      const property = fc.asyncProperty(requestsOf(description, await makeKnown(world)), async (request) => {
        const answer = await ask(world, request)
        const ofOperation = counted.get(request.operation) ?? new Map<number, number>()
        counted.set(request.operation, ofOperation.set(answer.status, (ofOperation.get(answer.status) ?? 0) + 1))
        check(request, answer)
      })
      const seed = process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) }
      await fc.assert(property, { numRuns: Math.min(left, requestsOfWorld), ...seed })
    }
  },
  requests * 60,
)

test('every operation of the document was asked, and did what it is for', () => {
  const names = Object.values(description.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  )
  const done = names.filter((name) => [...(counted.get(name)?.keys() ?? [])].some((status) => status < 300))
  expect(done).toStrictEqual(names)
  expect(shareOf(2)).toBeGreaterThan(0.3)
  expect(shareOf(4)).toBeGreaterThan(0.3)
})

afterAll(() => {
  const rows = [...counted].toSorted(([one], [other]) => one.localeCompare(other))
  const told = rows.map(
    ([name, statuses]) =>
      `  ${name}: ${[...statuses]
        .toSorted()
        .map((it) => it.join(' × '))
        .join(', ')}`,
  )
  const classes = [2, 4, 5].map((first) => `${Math.round(shareOf(first) * total())} were ${first}xx`)
  console.log([`fuzz: ${total()} requests to ${rows.length} operations, ${classes.join(', ')}`, ...told].join('\n'))
})

const all = () => [...counted.values()].flatMap((statuses) => [...statuses])
const total = () => all().reduce((sum, [, count]) => sum + count, 0)
const shareOf = (first: number) =>
  all().reduce((sum, [status, count]) => sum + (Math.floor(status / 100) === first ? count : 0), 0) / total()

interface Asked {
  readonly status: number
  readonly contentType: string | null
  readonly text: string
}

async function ask({ app, sign, send, basic }: World, request: FuzzRequest): Promise<Asked> {
  const { fresh, signature, token } = request
  const made = fresh ? await makeFresh(send, basic, fresh) : ''
  const body = request.body?.replaceAll(FRESH, made)
  const headers = new Headers(request.headers)
  if (token !== 'anonymous') headers.set('Authorization', `Bearer ${tokens[token] ?? token}`)
  if (signature === 'right') headers.set('Stripe-Signature', sign(body ?? ''))
  if (signature === 'wrong') headers.set('Stripe-Signature', sign(`${body} `))
  const response = await app.request(request.path.replaceAll(FRESH, made), {
    ...{ method: request.method, headers },
    ...(body !== undefined && { body }),
  })
  return { status: response.status, contentType: response.headers.get('content-type'), text: await response.text() }
}

/** Holds an answer against the document. */
function checkerOf({ paths, components }: Description): (request: FuzzRequest, answer: Asked) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ajv.addFormat('date-time', (text) => new Date(text).toISOString() === text)
  ajv.addFormat('uri', (text) => URL.canParse(text))
  const validators = new Map<unknown, ValidateFunction>()
  const validator = (schema: Json) => {
    const found = validators.get(schema) ?? ajv.compile({ ...closed(schema), components: closed(components) })
    validators.set(schema, found)
    return found
  }
  const operations = new Map(
    Object.values(paths).flatMap((methods) => Object.values(methods).map((it) => [it.operationId, it] as const)),
  )
  return ({ operation }, { status, contentType, text }) => {
    expect(status, text).toBeLessThan(500)
    const responses = operations.get(operation)?.responses ?? {}
    expect(Object.keys(responses), text).toContain(String(status))
    const content = responses[status]?.content
    if (!content) {
      expect({ text, contentType }).toStrictEqual({ text: '', contentType: null })
      return
    }
    const type = contentType?.split(';')[0] ?? 'none'
    const documented = content[type]
    if (!documented) throw new Error(`the document has no ${type} for ${status}, but ${Object.keys(content)}`)
    const value: Json = type.endsWith('json') ? JSON.parse(text) : text
    const validate = validator(documented.schema)
    const fits: boolean = validate(value)
    if (!fits) throw new Error(`${status} ${text}\ndoes not fit: ${ajv.errorsText(validate.errors)}`)
    if (status < 400) return
    expect(value.status).toBe(status)
    // A decline's code is the bank's word; all others are in the document, each with an example.
    if (status !== 402) expect(Object.keys(documented.examples ?? {})).toContain(value.code)
  }
}

/** The same schema, where an object has no other properties than those that it names. */
function closed(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  const isOpen = typeof schema.properties === 'object' && schema.additionalProperties === undefined
  return isOpen && schema.type !== undefined ? { ...inner, additionalProperties: false } : inner
}

const done = async (asked: Promise<Answer>): Promise<Json> => {
  const { status, body } = await asked
  if (status >= 300) throw new Error(`what is to be fuzzed was not made: ${status} ${JSON.stringify(body)}`)
  return body
}

async function makeFresh(send: World['send'], price: string, kind: FreshKind): Promise<string> {
  const order = { user_id: 'alice', amount: 1000, currency: 'USD' }
  const card = { user_id: 'alice', payment_method: 'pm_card_visa' }
  const made = {
    paid: () => send('POST', '/api/v1/payments', { ...order, ...card }),
    unpaid: () => send('POST', '/api/v1/payments', order),
    authorized: () => send('POST', '/api/v1/payments', { ...order, ...card, capture_method: 'manual' }),
    method: () => send('POST', '/api/v1/payment-methods', card),
    subscription: () => send('POST', '/api/v1/subscriptions', { ...card, price_id: price }),
    ending: async () => {
      const { id } = await done(send('POST', '/api/v1/subscriptions', { ...card, price_id: price }))
      return send('PATCH', `/api/v1/subscriptions/${id}`, { cancel_at_period_end: true })
    },
  }[kind]
  return (await done(made())).id
}

/** Objects of every kind, and what else is there to be named. */
async function makeKnown({ send, sandbox, webhooks, basic, better }: World): Promise<Known> {
  const alice = await makeAliceThings(send, webhooks, basic)
  const bob = { user_id: 'bob', amount: 500, currency: 'EUR', payment_method: 'pm_card_visa' }
  const payment = await done(send('POST', '/api/v1/payments', bob))
  const pages = await Promise.all(
    ['users/alice/payments', 'webhook-events', 'audit-log', 'users/alice/invoices'].map((path) =>
      done(send('GET', `/api/v1/${path}?limit=1`, undefined, { as: 'admin' })),
    ),
  )
  const response = await sandbox.fetch('https://api.stripe.com/v1/events?limit=50', {
    headers: { Authorization: 'Bearer sk_test_tests' },
  })
  const { data: events }: Json = await response.json()
  const ids = Object.fromEntries(Object.entries(alice.ids).map(([tag, id]) => [tag, [id]]))
  const webhookEvents = await done(send('GET', '/api/v1/webhook-events?limit=50', undefined, { as: 'admin' }))
  return {
    ids: {
      ...ids,
      ...{ user_id: ['alice', 'bob', 'nobody.yet'], subscription_id: [alice.ids.Subscriptions ?? ''] },
      Payments: [alice.ids.Payments ?? '', payment.id, payment.stripe_payment_intent_id],
      'Webhook events': webhookEvents.data.map(({ id }: Json) => id),
    },
    fields: {
      user_id: ['alice', 'alice', 'bob'],
      currency: ['USD', 'usd', 'EUR', 'JPY', 'XXX'],
      payment_method: [...Array(5).fill('pm_card_visa'), 'pm_card_chargeDeclined', 'pm_card_threeDSecure2Required'],
      price_id: [basic, better],
      mode: ['payment', 'payment', 'payment', 'setup', 'subscription'],
      status: ['processed', 'failed', 'failed', 'ignored'],
      transaction_id: [FRESH, FRESH, FRESH, alice.ids.Payments ?? ''],
      object_id: Object.values(alice.ids),
      type: ['invoice.paid', 'customer.created'],
    },
    cursors: pages.map(({ next_cursor }) => next_cursor),
    events: events.map((event: Json) => JSON.stringify(event)),
  }
}
