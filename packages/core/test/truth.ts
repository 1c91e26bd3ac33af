import { many, one } from '../src/ports/storage.ts'
import type { SandboxedFlorin } from './sandboxed-florin.ts'

type Cells = Readonly<Record<string, unknown>>

/** What is stored otherwise than Stripe has it, in words; empty where all agree. */
export async function differences({
  sandbox,
  storage,
}: Pick<SandboxedFlorin, 'sandbox' | 'storage'>): Promise<string[]> {
  const found: string[] = []
  const all = (kind: string): Cells[] => sandbox.state.all(kind).map((object) => ({ ...object }))
  const differ = (what: string, row: object | undefined, wanted: Cells) => {
    const stored: Cells = { ...row }
    for (const [field, value] of Object.entries(wanted)) {
      if (stored[field] === value) continue
      found.push(`${what}: ${field} is ${JSON.stringify(stored[field])}, at Stripe ${JSON.stringify(value)}`)
    }
  }
  const charges = new Map(all('charge').map((charge) => [charge.id, charge]))

  for (const intent of all('payment_intent')) {
    const { row } = await storage.load({ row: one('transactions', { gatewayId: String(intent.id) }) })
    const charge = charges.get(intent.latest_charge)
    const failed = intent.status === 'requires_payment_method' && intent.last_payment_error !== null
    differ(`payment ${row?.id} (${intent.id})`, row, {
      status: failed ? 'failed' : intent.status,
      amount: intent.amount,
      amountCaptured: intent.amount_received,
      amountCapturable: intent.amount_capturable,
      // An authorisation that is let go shows as refunded at Stripe; nothing was ever taken.
      amountRefunded: Math.min(Number(charge?.amount_refunded ?? 0), Number(intent.amount_received)),
      inDoubt: false,
    })
  }
  for (const refund of all('refund')) {
    // What is given back of a sum that was never taken is Stripe's own book-keeping.
    const { row } = await storage.load({ row: one('refunds', { gatewayId: String(refund.id) }) })
    differ(`refund ${row?.id} (${refund.id})`, row, { status: refund.status, amount: refund.amount, inDoubt: false })
  }
  for (const subscription of all('subscription')) {
    const { row } = await storage.load({ row: one('subscriptions', { gatewayId: String(subscription.id) }) })
    const wanted = { status: subscription.status, cancelAtPeriodEnd: subscription.cancel_at_period_end, inDoubt: false }
    differ(`subscription ${row?.id} (${subscription.id})`, row, wanted)
  }
  for (const invoice of all('invoice')) {
    const { row } = await storage.load({ row: one('invoices', { gatewayId: String(invoice.id) }) })
    differ(`invoice ${row?.id} (${invoice.id})`, row, {
      status: invoice.status,
      amountDue: invoice.amount_due,
      amountPaid: invoice.amount_paid,
      attemptCount: invoice.attempt_count,
      inDoubt: false,
    })
  }
  return [...found, ...(await factsMissing({ storage }))]
}

/** Every final state has its one event. */
async function factsMissing({ storage }: Pick<SandboxedFlorin, 'storage'>): Promise<string[]> {
  const { events, payments, refunds } = await storage.load({
    events: many('outbox', {}),
    payments: many('transactions', {}),
    refunds: many('refunds', {}),
  })
  const told = events.map(({ type, objectId }) => `${type} ${objectId}`)
  const finals = [
    ...payments.flatMap(({ id, status, gatewayId }) =>
      gatewayId !== null && (status === 'succeeded' || status === 'canceled') ? [`payment.${status} ${id}`] : [],
    ),
    ...refunds.flatMap(({ id, status, gatewayId }) =>
      gatewayId !== null && (status === 'succeeded' || status === 'failed') ? [`refund.${status} ${id}`] : [],
    ),
  ]
  return finals.flatMap((fact) => {
    const times = told.filter((one) => one === fact).length
    return times === 1 ? [] : [`${fact} was told ${times} times`]
  })
}
