import type { Answer, Json, Send } from './http-world.ts'

export type Outcome = 'allowed' | 'forbidden' | 'not_found'

/** What each caller gets on something of alice's: alice herself, another user, and the roles of staff and programs. */
export interface Access {
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

export const accessTo: Readonly<Record<string, Access>> = {
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

export const callers = { own: 'alice', foreign: 'bob', support: 'support', service: 'service', admin: 'admin' } as const

/** A route, as the table of routes or the OpenAPI document names it. */
export interface AccessRoute {
  readonly method: string
  readonly path: string
  readonly name: string
  readonly tag: string
}

/** Objects of alice's of every kind, and what each endpoint can be asked about them. */
export interface AliceThings {
  readonly ids: Readonly<Record<string, string>>
  readonly bodies: Readonly<Record<string, Json>>
  /** The method, path and body of a request that its owner may send. */
  requestOf(route: AccessRoute): readonly [method: string, path: string, body: Json]
}

/** Makes them, with a price that users may subscribe to by themselves. */
export async function makeAliceThings(send: Send, webhooks: () => Promise<void>, price: string): Promise<AliceThings> {
  const done = async (asked: Promise<Answer>): Promise<Json> => {
    const { status, body } = await asked
    if (status >= 300) throw new Error(`alice has less than she should: ${status} ${JSON.stringify(body)}`)
    return body
  }
  const order = { user_id: 'alice', amount: 1000, currency: 'USD' }
  const card = { user_id: 'alice', payment_method: 'pm_card_visa' }
  const subscribe = { ...card, price_id: price }
  const payment = await done(send('POST', '/api/v1/payments', { ...order, ...card }, { key: 'alice-1' }))
  const refund = await done(
    send('POST', '/api/v1/refunds', { transaction_id: payment.id, amount: 100 }, { key: 'alice-2' }),
  )
  const method = await done(send('POST', '/api/v1/payment-methods', card))
  const subscription = await done(send('POST', '/api/v1/subscriptions', subscribe))
  const contested = { ...order, payment_method: 'pm_card_createDispute' }
  const disputed = await done(send('POST', '/api/v1/payments', contested, { key: 'alice-3' }))
  await webhooks()
  const disputes = await done(send('GET', `/api/v1/payments/${disputed.id}/disputes`))
  const invoices = await done(send('GET', '/api/v1/users/alice/invoices'))
  const events = await done(send('GET', '/api/v1/webhook-events', undefined, { as: 'admin' }))
  const ids: Readonly<Record<string, string>> = {
    'Webhook events': events.data[0].id,
    Payments: payment.id,
    Refunds: refund.id,
    Disputes: disputes.data[0].id,
    'Payment methods': method.id,
    Subscriptions: subscription.id,
    Invoices: invoices.data[0].id,
  }
  const bodies: Readonly<Record<string, Json>> = {
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
  return {
    ...{ ids, bodies },
    requestOf({ method, path, name, tag }) {
      const idOf = path.startsWith('/api/v1/payments/') ? ids.Payments : ids[tag]
      const filled = path
        .replace('{user_id}', 'alice')
        .replace('{subscription_id}', ids.Subscriptions ?? '')
        .replace('{id}', idOf ?? '')
      return [method, filled, bodies[name]]
    },
  }
}

/** What an answer says of access. */
export function outcomeOf(status: number): Outcome | number {
  if (status === 403) return 'forbidden'
  if (status === 404) return 'not_found'
  // A conflict comes after the permission: another caller of this table was faster.
  return status < 300 || status === 409 ? 'allowed' : status
}
