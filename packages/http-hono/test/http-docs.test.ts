import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { apiRoutes, statusOf } from '../src/index.ts'
import { auditEntry } from '../src/wire/audit-entry.ts'
import { dispute } from '../src/wire/dispute.ts'
import { invoice } from '../src/wire/invoice.ts'
import { payment } from '../src/wire/payment.ts'
import { paymentMethod, setupIntent } from '../src/wire/payment-method.ts'
import { problem } from '../src/wire/problem.ts'
import { refund } from '../src/wire/refund.ts'
import { subscription } from '../src/wire/subscription.ts'
import { webhookEvent } from '../src/wire/webhook-event.ts'
import { type Json, openWorld, paidPayment } from './http-world.ts'

const { app, send } = await openWorld()
const document: Json = (await send('GET', '/openapi.json', undefined, { as: 'anonymous' })).body
const page: string = (await send('GET', '/docs', undefined, { as: 'anonymous' })).body

const operations: readonly { path: string; method: string; operation: Json }[] = Object.entries<Json>(
  document.paths,
).flatMap(([path, item]) => Object.entries<Json>(item).map(([method, operation]) => ({ path, method, operation })))

test('describes every route, and no other', () => {
  const described = operations.map(({ path, method }) => `${method} ${path}`)
  const system = ['get /health', 'get /health/live', 'get /health/ready', 'get /openapi.json', 'get /docs']
  expect(described.sort()).toEqual([...apiRoutes.map(([method, path]) => `${method} ${path}`), ...system].sort())
})

test('is a document of OpenAPI 3.1 that hangs together', () => {
  expect(document.openapi).toBe('3.1.0')
  expect(document.info).toMatchObject({ title: 'Florin', version: expect.any(String) })
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { path, operation } of operations) {
    const parameters: Json[] = operation.parameters ?? []
    const inPath = parameters.filter((it) => it.in === 'path')
    expect(inPath.map((it) => `{${it.name}}`).sort()).toEqual((path.match(/\{\w+\}/g) ?? []).sort())
    expect(inPath.every((it) => it.required)).toBe(true)
    expect(Object.keys(operation.responses).length).toBeGreaterThan(0)
    for (const response of Object.values<Json>(operation.responses)) expect(response.description).not.toBe('')
    expect(document.tags.map(({ name }: Json) => name)).toContain(operation.tags[0])
  }
  for (const [, pointer] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = (pointer ?? '').split('/').reduce((it: Json, name) => it?.[name], document)
    expect(found, pointer).toBeDefined()
  }
})

test('asks for a token where the route does, and names every problem of its table', () => {
  const security = new Map(operations.map(({ path, method, operation }) => [`${method} ${path}`, operation.security]))
  for (const [method, path, { kind }] of apiRoutes) {
    expect(security.get(`${method} ${path}`)).toEqual(kind === 'webhook' ? [] : [{ bearer: [] }])
  }
  expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' })
  expect(Object.keys(document.components.examples).sort()).toEqual(Object.keys(statusOf).sort())
  for (const { operation } of operations.filter(({ path }) => path.startsWith('/api/'))) {
    for (const [status, { content }] of Object.entries<Json>(operation.responses)) {
      if (Number(status) < 400) continue
      expect(Object.keys(content)).toEqual(['application/problem+json'])
      for (const code of Object.keys(content['application/problem+json'].examples)) {
        const known: Record<string, number> = { ...statusOf, card_declined: 402 }
        expect(known[code]).toBe(Number(status))
      }
    }
  }
})

test('gives examples that its schemas accept', () => {
  const schemas = {
    ...{
      payment,
      refund,
      dispute,
      paymentMethod,
      setupIntent,
      subscription,
      invoice,
      webhookEvent,
      auditEntry,
      problem,
    },
  }
  for (const [name, schema] of Object.entries<z.ZodType>(schemas)) {
    const example = schema.meta()?.example
    expect(example, name).toBeDefined()
    // Strict, so that an example with a field that no longer exists fails as well.
    expect(z.strictObject((schema as z.ZodObject).shape).safeParse(example), name).toMatchObject({ success: true })
  }
  for (const [, path, { document: told }] of apiRoutes) {
    const example = told.body?.schema.meta()?.example
    if (example) expect(told.body?.schema.safeParse(example), path).toMatchObject({ success: true })
  }
})

test('describes what is really answered', async () => {
  const paid = await paidPayment(send)
  expect(z.strictObject(payment.shape).safeParse(paid)).toMatchObject({ success: true })
  const missing = await send('GET', '/api/v1/payments/tx_1')
  expect(z.strictObject(problem.shape).safeParse(missing.body)).toMatchObject({ success: true })
})

test('says that a card number in an Idempotency-Key is refused, also where there is no body', async () => {
  const keyed = operations.filter(({ operation }) => operation.parameters?.some((it: Json) => it.in === 'header'))
  expect(keyed.filter(({ operation }) => !operation.requestBody).length).toBeGreaterThan(0)
  for (const { operation } of keyed) {
    const { examples } = operation.responses[400].content['application/problem+json']
    expect(Object.keys(examples)).toContain('card_number_refused')
  }
  const path = '/api/v1/subscriptions/sub_1/resume'
  const refused = await send('POST', path, undefined, { key: '4242424242424242' })
  expect(refused).toMatchObject({ status: 400, body: { code: 'card_number_refused' } })
})

test('is shown as a page that needs no network and no script', async () => {
  const ids = new Set([...page.matchAll(/ id="([\w-]+)"/g)].map(([, id]) => id))
  for (const { operation } of operations) expect(ids).toContain(operation.operationId)
  expect(page.match(/<script|<link|@import|url\(|src=|\son\w+=/)).toBeNull()
  expect(page).toContain('name="viewport"')
  expect(page).toContain('&quot;user_id&quot;')
  for (const [, target] of page.matchAll(/href="([^"]+)"/g)) {
    expect(target).toMatch(/^(#[\w-]+|openapi\.json)$/)
    if (target?.startsWith('#')) expect(ids).toContain(target.slice(1))
  }
})

test('can be left out', async () => {
  const bare = await openWorld({ app: { docs: false } })
  for (const path of ['/docs', '/openapi.json']) expect((await bare.send('GET', path)).status).toBe(404)
})

test('goes where a host mounts it, and touches nothing else of the host', async () => {
  const host = new Hono()
  host.use('/billing/*', async (_, next) => next())
  host.route('/billing', app)
  host.get('/hello', (c) => c.text('hello'))
  host.get('/api/v1/orders', (c) => c.text('orders'))
  host.onError((_, c) => c.text('the host broke', 500))
  const hello = await host.request('/hello')
  expect(await hello.text()).toBe('hello')
  expect(hello.headers.get('cache-control')).toBeNull()
  expect(await (await host.request('/api/v1/orders')).text()).toBe('orders')
  const refused = await host.request('/billing/api/v1/payments/tx_1')
  expect(refused.status).toBe(401)
  expect(await refused.json()).toMatchObject({ code: 'unauthenticated', request_id: expect.any(String) })
  expect((await host.request('/billing/api/v1/payments', { method: 'PUT' })).status).toBe(405)
  expect(await (await host.request('/billing/health')).json()).toEqual({ status: 'healthy' })
  const mounted: Json = await (await host.request('/billing/openapi.json')).json()
  expect(mounted.servers).toEqual([{ url: '/billing' }])

  const root = new Hono().route('/', app).get('/late', (c) => c.text('late'))
  expect(await (await root.request('/late')).text()).toBe('late')
  expect((await root.request('/nowhere')).status).toBe(404)
})
