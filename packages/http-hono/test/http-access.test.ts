import { beforeAll, describe, expect, test } from 'vitest'
import { apiRoutes } from '../src/index.ts'
import { type Json, openWorld, paidPayment, type Send } from './http-world.ts'

type Outcome = 'allowed' | 'forbidden' | 'not_found'

/** What each caller gets on something of alice's: alice herself, another user, and the roles of staff and programs. */
interface Access {
  readonly own: Outcome
  readonly foreign: Outcome
  readonly support: Outcome
  readonly service: Outcome
  readonly admin: Outcome
}

const all = { support: 'allowed', service: 'allowed', admin: 'allowed' } as const
const object: Access = { own: 'allowed', foreign: 'not_found', ...all }
const listOfUser: Access = { own: 'allowed', foreign: 'forbidden', ...all }
const notForSupport = (access: Access): Access => ({ ...access, support: 'forbidden' })
const adminsOnly: Access = {
  ...{ own: 'forbidden', foreign: 'forbidden', support: 'forbidden', service: 'forbidden', admin: 'allowed' },
}
const notForUsers = (access: Access): Access => ({ ...access, own: 'forbidden', foreign: 'forbidden' })

const accessTo: Readonly<Record<string, Access>> = {
  createPayment: notForUsers(notForSupport(object)),
  getPayment: object,
  listPayments: listOfUser,
  confirmPayment: notForSupport(object),
  capturePayment: notForUsers(notForSupport(object)),
  cancelPayment: object,
  createRefund: notForUsers(object),
  getRefund: object,
  listRefunds: object,
  getDispute: object,
  listDisputes: object,
  attachPaymentMethod: notForSupport(listOfUser),
  setUpPaymentMethod: notForSupport(listOfUser),
  setDefaultPaymentMethod: notForSupport(object),
  detachPaymentMethod: notForSupport(object),
  listPaymentMethods: listOfUser,
  createSubscription: notForSupport(listOfUser),
  getSubscription: object,
  listSubscriptions: listOfUser,
  updateSubscription: notForSupport(object),
  resumeSubscription: notForSupport(object),
  cancelSubscription: object,
  getInvoice: object,
  listInvoices: listOfUser,
  listSubscriptionInvoices: object,
  createCheckoutSession: notForSupport(listOfUser),
  createBillingPortalSession: notForSupport(listOfUser),
  listWebhookEvents: adminsOnly,
  getWebhookEvent: adminsOnly,
  replayWebhookEvent: adminsOnly,
  listAuditLog: adminsOnly,
}

const callers = { own: 'alice', foreign: 'bob', support: 'support', service: 'service', admin: 'admin' } as const

const routes = apiRoutes
  .filter(([, , { kind }]) => kind === 'read' || kind === 'operation')
  .map(([method, path, { document }]) => ({
    method: method.toUpperCase(),
    path,
    name: document.name,
    tag: document.tag,
  }))

let send: Send
/** An object of alice's for every kind. */
let ids: Record<string, string>
let bodies: Record<string, Json>

beforeAll(async () => {
  const world = await openWorld({ settings: ({ basic }) => ({ subscribablePrices: [basic] }) })
  send = world.send
  const order = { user_id: 'alice', amount: 1000, currency: 'USD' }
  const payment = await paidPayment(send)
  const refund = await send('POST', '/api/v1/refunds', { transaction_id: payment.id, amount: 100 })
  const card = { user_id: 'alice', payment_method: 'pm_card_visa' }
  const method = await send('POST', '/api/v1/payment-methods', card)
  const subscribe = { ...card, price_id: world.basic }
  const subscription = await send('POST', '/api/v1/subscriptions', subscribe)
  const disputed = await send('POST', '/api/v1/payments', { ...order, payment_method: 'pm_card_createDispute' })
  await world.webhooks()
  const disputes = await send('GET', `/api/v1/payments/${disputed.body.id}/disputes`)
  const invoices = await send('GET', '/api/v1/users/alice/invoices')
  const events = await send('GET', '/api/v1/webhook-events', undefined, { as: 'admin' })
  ids = {
    'Webhook events': events.body.data[0].id,
    Payments: payment.id,
    Refunds: refund.body.id,
    Disputes: disputes.body.data[0].id,
    'Payment methods': method.body.id,
    Subscriptions: subscription.body.id,
    Invoices: invoices.body.data[0].id,
  }
  bodies = {
    createPayment: { ...order, payment_method: 'pm_card_visa' },
    confirmPayment: { payment_method: 'pm_card_visa' },
    createRefund: { transaction_id: payment.id, amount: 10 },
    attachPaymentMethod: card,
    setUpPaymentMethod: { user_id: 'alice' },
    createSubscription: subscribe,
    updateSubscription: { quantity: 2 },
    createCheckoutSession: { user_id: 'alice', mode: 'setup', success_url: 'https://shop.example/done' },
    createBillingPortalSession: { user_id: 'alice', return_url: 'https://shop.example/account' },
  }
})

function requestOf({ method, path, name, tag }: (typeof routes)[number]) {
  const idOf = path.startsWith('/api/v1/payments/') ? ids.Payments : ids[tag]
  const filled = path
    .replace('{user_id}', 'alice')
    .replace('{subscription_id}', ids.Subscriptions ?? '')
    .replace('{id}', idOf ?? '')
  return [method, filled, bodies[name]] as const
}

const outcomeOf = (status: number): Outcome | number => {
  if (status === 403) return 'forbidden'
  if (status === 404) return 'not_found'
  // A conflict comes after the permission: another caller of this table was faster.
  return status < 300 || status === 409 ? 'allowed' : status
}

test('there is a row for every endpoint that asks for a token, and for no other', () => {
  expect(Object.keys(accessTo).sort()).toEqual(routes.map(({ name }) => name).sort())
})

describe.each(routes)('$method $path', (route) => {
  // In this order the refused ones come before those that would change what they are refused.
  test.each(['foreign', 'support', 'own', 'service', 'admin'] as const)('as %s', async (who) => {
    const { status, body } = await send(...requestOf(route), { as: callers[who] })
    expect({ outcome: outcomeOf(status), code: status === 409 ? '' : body.code }).toMatchObject({
      outcome: accessTo[route.name]?.[who],
    })
  })

  test('as nobody: without a role, and without a token', async () => {
    const [method, path, body] = requestOf(route)
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
