import { beforeAll, describe, expect, test } from 'vitest'
import { apiRoutes } from '../src/index.ts'
import { type AliceThings, accessTo, callers, makeAliceThings, outcomeOf } from './access-table.ts'
import { openWorld, type Send } from './http-world.ts'

const routes = apiRoutes
  .filter(([, , { kind }]) => kind === 'read' || kind === 'operation')
  .map(([method, path, { document }]) => ({
    method: method.toUpperCase(),
    path,
    name: document.name,
    tag: document.tag,
  }))

let send: Send
let things: AliceThings

beforeAll(async () => {
  const world = await openWorld({ settings: ({ basic }) => ({ subscribablePrices: [basic] }) })
  send = world.send
  things = await makeAliceThings(send, world.webhooks, world.basic)
})

test('there is a row for every endpoint that asks for a token, and for no other', () => {
  expect(Object.keys(accessTo).sort()).toEqual(routes.map(({ name }) => name).sort())
})

describe.each(routes)('$method $path', (route) => {
  // In this order the refused ones come before those that would change what they are refused.
  test.each(['foreign', 'support', 'own', 'service', 'admin'] as const)('as %s', async (who) => {
    const { status, body } = await send(...things.requestOf(route), { as: callers[who] })
    expect({ outcome: outcomeOf(status), code: status === 409 ? '' : body.code }).toMatchObject({
      outcome: accessTo[route.name]?.[who],
    })
  })

  test('as nobody: without a role, and without a token', async () => {
    const [method, path, body] = things.requestOf(route)
    const nobody = await send(method, path, body, { as: 'nobody' })
    expect(nobody).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer realm="florin", error="insufficient_scope"')
    const wrong = await send(method, path, body, { as: 'no.such.token' })
    expect(wrong).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer realm="florin", error="invalid_token"')
    const anonymous = await send(method, path, body, { as: 'anonymous' })
    expect(anonymous).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
    expect(anonymous.headers.get('www-authenticate')).toBe('Bearer realm="florin"')
  })
})

test('a user sets the amount of its own payment only where that is switched on, and never of another', async () => {
  const donations = await openWorld({ settings: { userSetsAmount: true } })
  const body = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }
  expect(await donations.send('POST', '/api/v1/payments', body, { as: 'alice' })).toMatchObject({ status: 201 })
  expect(await donations.send('POST', '/api/v1/payments', body, { as: 'bob' })).toMatchObject({ status: 403 })
})
