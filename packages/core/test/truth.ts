import { canonicalJson } from '../src/json.ts'
import { many } from '../src/ports/storage.ts'
import { opened } from './opened.ts'
import type { SandboxedFlorin } from './sandboxed-florin.ts'

type Cells = Readonly<Record<string, unknown>>
type World = Pick<SandboxedFlorin, 'sandbox' | 'storage'>
type Rows = Awaited<ReturnType<typeof rowsOf>>

/** What is stored otherwise than Stripe has it, in words; empty where all agree. */
export async function differences({ sandbox, storage }: World): Promise<string[]> {
  const rows = await rowsOf(storage)
  const all = (kind: string): Cells[] => sandbox.state.all(kind).map((object) => ({ ...object }))
  const found: string[] = []
  const compare = <Row extends object>(noun: string, kind: string, table: readonly Row[], wanted: Wanted<Row>) => {
    const byId = new Map(table.map((row) => [gatewayIdOf(row), row]))
    for (const object of all(kind)) {
      const row = byId.get(String(object.id))
      const expected = wanted(object, row)
      if (!expected) continue
      const stored: Cells = { ...row }
      for (const [field, value] of Object.entries({ ...expected, inDoubt: false })) {
        const [is, should] = [canonicalJson(stored[field]), canonicalJson(value)]
        if (is !== should) found.push(`${noun} ${stored.id} (${object.id}): ${field} is ${is}, at Stripe ${should}`)
      }
    }
  }
  const paymentOf = byGatewayId(rows.payments)
  const subscriptionOf = byGatewayId(rows.subscriptions)
  const userOf = new Map(rows.customers.map(({ id, userId }) => [id, userId]))
  const charges = new Map(all('charge').map((charge) => [charge.id, charge]))
  const payments = new Map(all('invoice_payment').map((payment) => [payment.invoice, payment]))

  compare('payment', 'payment_intent', rows.payments, (intent, row) => {
    const charge = charges.get(intent.latest_charge)
    const failed = intent.status === 'requires_payment_method' && intent.last_payment_error !== null
    // Nobody tried to pay it, so no event that is read told of it; a direct read would.
    if (!row && intent.status === 'requires_payment_method' && !failed) return undefined
    return {
      status: failed ? 'failed' : intent.status,
      amount: intent.amount,
      amountCaptured: intent.amount_received,
      amountCapturable: intent.amount_capturable,
      // An authorisation that is let go shows as refunded at Stripe; nothing was ever taken.
      amountRefunded: Math.min(Number(charge?.amount_refunded ?? 0), Number(intent.amount_received)),
      chargeId: intent.latest_charge,
      paymentMethod: intent.payment_method,
      captureMethod: intent.capture_method === 'manual' ? 'manual' : 'automatic',
      customerId: intent.customer,
      userId: userOf.get(String(intent.customer)) ?? null,
    }
  })
  compare('refund', 'refund', rows.refunds, (refund) => ({
    status: refund.status,
    amount: refund.amount,
    failureReason: refund.failure_reason ?? null,
    paymentId: paymentOf.get(String(refund.payment_intent))?.id,
    userId: paymentOf.get(String(refund.payment_intent))?.userId,
  }))
  compare('dispute', 'dispute', rows.disputes, (dispute) => ({
    status: dispute.status,
    amount: dispute.amount,
    reason: dispute.reason,
    evidenceDueBy: time(partOf(dispute.evidence_details).due_by),
    paymentId: paymentOf.get(String(dispute.payment_intent))?.id,
    userId: paymentOf.get(String(dispute.payment_intent))?.userId,
  }))
  compare('method', 'payment_method', rows.methods, (method, row) => {
    // A method that never belonged to a customer is of no use and has no row.
    if (!row && method.customer === null) return undefined
    return {
      status: method.customer === null ? 'detached' : 'attached',
      customerId: method.customer,
      type: method.type,
    }
  })
  compare('customer', 'customer', rows.customers, (customer, row) => {
    // One that is gone is listed nowhere; where nothing told of it, nothing is missed.
    if (customer.deleted === true) return row && { deleted: true, isPrimary: false }
    return {
      deleted: false,
      defaultMethod: partOf(customer.invoice_settings).default_payment_method,
      userId: partOf(customer.metadata).florin_user,
    }
  })
  compare('subscription', 'subscription', rows.subscriptions, (subscription) => ({
    status: subscription.status,
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
    cancelAt: time(subscription.cancel_at),
    canceledAt: time(subscription.canceled_at),
    endedAt: time(subscription.ended_at),
    trialEnd: time(subscription.trial_end),
    latestInvoice: subscription.latest_invoice,
    paymentMethod: subscription.default_payment_method ?? null,
    items: listOf(subscription.items).map((item) => ({
      id: item.id,
      priceId: partOf(item.price).id ?? item.price,
      quantity: item.quantity,
      currentPeriodStart: time(item.current_period_start),
      currentPeriodEnd: time(item.current_period_end),
    })),
    customerId: subscription.customer,
    userId: userOf.get(String(subscription.customer)) ?? null,
  }))
  compare('invoice', 'invoice', rows.invoices, (invoice) => ({
    status: invoice.status,
    amountDue: invoice.amount_due,
    amountPaid: invoice.amount_paid,
    amountRemaining: invoice.amount_remaining,
    attemptCount: invoice.attempt_count,
    nextPaymentAttempt: time(invoice.next_payment_attempt),
    billingReason: invoice.billing_reason,
    number: invoice.number,
    hostedInvoiceUrl: invoice.hosted_invoice_url ?? null,
    paidAt: time(partOf(invoice.status_transitions).paid_at),
    ...(Number(invoice.amount_paid) > 0 && {
      paymentGatewayId: partOf(payments.get(invoice.id)?.payment).payment_intent,
    }),
    subscriptionId: subscriptionOf.get(subscriptionIn(invoice))?.id,
    customerId: invoice.customer,
    userId: userOf.get(String(invoice.customer)) ?? null,
  }))
  return [...found, ...madeTwice(all), ...wronglyTold(rows)]
}

type Wanted<Row> = (object: Cells, row: Row | undefined) => Cells | undefined

function rowsOf(storage: World['storage']) {
  return opened(storage).load({
    payments: many('transactions', {}),
    refunds: many('refunds', {}),
    disputes: many('disputes', {}),
    methods: many('payment_methods', {}),
    customers: many('customers', {}),
    subscriptions: many('subscriptions', {}),
    invoices: many('invoices', {}),
    events: many('outbox', {}),
  })
}

const gatewayIdOf = (row: object): string | null => {
  const { id, gatewayId } = { gatewayId: undefined, id: '', ...row }
  return gatewayId === undefined ? id : gatewayId
}
const byGatewayId = <Row extends { gatewayId: string | null }>(rows: readonly Row[]) =>
  new Map(rows.map((row) => [row.gatewayId, row]))
const partOf = (value: unknown): Cells => (typeof value === 'object' && value !== null ? { ...value } : {})
const listOf = (value: unknown): Cells[] => {
  const { data } = partOf(value)
  return Array.isArray(data) ? data.map(partOf) : []
}
const time = (seconds: unknown) => (seconds == null ? null : new Date(Number(seconds) * 1000).toISOString())
const subscriptionIn = ({ parent }: Cells) => String(partOf(partOf(parent).subscription_details).subscription)

/** No operation of Florin's made two objects of Stripe's. */
function madeTwice(all: (kind: string) => readonly Cells[]): string[] {
  return ['payment_intent', 'refund', 'subscription', 'customer', 'setup_intent'].flatMap((kind) => {
    const operations = all(kind).flatMap(({ metadata }) => String(partOf(metadata).florin_operation ?? []))
    const twice = operations.filter((operation, index) => operation !== '' && operations.indexOf(operation) !== index)
    return twice.map((operation) => `${operation} made more than one ${kind}`)
  })
}

/** Every final state has its one event, and no event tells of a final state that is not so. */
function wronglyTold({ events, payments, refunds, disputes, subscriptions, invoices, methods }: Rows): string[] {
  const told = new Map<string, number>()
  for (const { type, objectId, discriminator } of events) {
    // A decision on a dispute can be changed, and each one is told.
    const fact = type === 'dispute.closed' ? `${type} ${discriminator} ${objectId}` : `${type} ${objectId}`
    told.set(fact, (told.get(fact) ?? 0) + 1)
  }
  const atGateway = <Row extends { id: string; gatewayId: string | null; status: string }>(rows: readonly Row[]) =>
    rows.filter(({ gatewayId }) => gatewayId !== null)
  const unmade = <Row extends { id: string; gatewayId: string | null; status: string }>(rows: readonly Row[]) =>
    rows.filter(({ gatewayId }) => gatewayId === null)
  const final = new Set([
    ...factsOf(atGateway(payments), 'payment', ['succeeded', 'canceled']),
    ...factsOf(atGateway(refunds), 'refund', ['succeeded', 'failed']),
    ...factsOf(invoices, 'invoice', ['paid']),
    ...factsOf(methods, 'payment_method', ['detached']),
    ...disputes.map(({ id }) => `dispute.opened ${id}`),
    ...disputes.filter(({ status }) => isDecided(status)).map(({ id, status }) => `dispute.closed ${status} ${id}`),
    ...atGateway(subscriptions).map(({ id }) => `subscription.created ${id}`),
    ...atGateway(subscriptions).flatMap(({ id, status }) =>
      status === 'canceled' || status === 'incomplete_expired' ? [`subscription.canceled ${id}`] : [],
    ),
  ])
  const once = new Set([
    // A refund that succeeded may fail later, and both are told.
    ...factsOf(refunds, 'refund', ['failed']).map((fact) => fact.replace('failed', 'succeeded')),
    // What Stripe never made is told where nobody was answered any more.
    ...factsOf(unmade(payments), 'payment', ['canceled']),
    ...factsOf(unmade(refunds), 'refund', ['failed']),
    ...factsOf(unmade(subscriptions), 'subscription', ['canceled']),
  ])
  const wrong = [...final].flatMap((fact) => {
    const times = told.get(fact) ?? 0
    return times === 1 ? [] : [`${fact} was told ${times} times`]
  })
  const untrue = [...told].flatMap(([fact, times]) => {
    if (once.has(fact)) return times > 1 ? [`${fact} was told ${times} times`] : []
    return finalTypes.includes(fact.split(' ')[0] ?? '') && !final.has(fact) ? [`${fact} was told and is not so`] : []
  })
  return [...wrong, ...untrue]
}

const finalTypes = [
  ...['payment.succeeded', 'payment.canceled', 'refund.succeeded', 'refund.failed', 'invoice.paid'],
  ...['payment_method.detached', 'dispute.opened', 'dispute.closed', 'subscription.created', 'subscription.canceled'],
]

const isDecided = (status: string) => status === 'won' || status === 'lost'

const factsOf = (rows: readonly { id: string; status: string }[], noun: string, statuses: readonly string[]) =>
  rows.filter(({ status }) => statuses.includes(status)).map(({ id, status }) => `${noun}.${status} ${id}`)
