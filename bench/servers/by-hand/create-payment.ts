// All that Florin does for a payment, written out for this one request: no schemas, no layers, no recovery. What it costs
// is what the job costs.
import { createHash, randomUUID } from 'node:crypto'
import { Pool } from 'pg'
import Stripe from 'stripe'
import { grouped } from './grouped.ts'
import { seal } from './seal.ts'
import { actorOf, serve } from './serve.ts'

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 4 })
const stripe = new Stripe('sk_test_bench', {
  ...{ host: '127.0.0.1', port: process.env.STRIPE_PORT ?? '', protocol: 'http' },
  ...{ telemetry: false, maxNetworkRetries: 0 },
})

const known = grouped(async (asked: readonly { actor: string; key: string; user: string }[]) => {
  const { rows } = await pool.query({
    name: 'known',
    text: `select o.id as operation, c.id as customer, k.wrapped as key
           from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked (actor, key, usr, place)
           left join operations o on o.actor = asked.actor and o.key = asked.key
           left join customers c on c.user_id = asked.usr left join data_keys k on k.subject = asked.usr order by place`,
    values: [asked.map(({ actor }) => actor), asked.map(({ key }) => key), asked.map(({ user }) => user)],
  })
  return rows
})

/** A statement that takes a group as JSON and answers nothing. */
const written = <Row>(name: string, text: string) =>
  grouped(async (rows: readonly Row[]) => {
    await pool.query({ name, text, values: [JSON.stringify(rows)] })
    return rows
  })

const intend = written(
  'intend',
  `with g as (select * from json_to_recordset($1::json) as g (operation text, actor text, key text, hash text,
     payment text, usr text, customer text, amount bigint, currency text, input text, now timestamptz)),
   o as (insert into operations (id, actor, key, hash, status, payment_id, input, created_at, due_at)
     select operation, actor, key, hash, 'open', payment, input, now, now + interval '1 minute' from g),
   l as (insert into leases select payment, operation, now + interval '1 minute' from g)
   insert into payments (id, user_id, customer_id, amount, currency, status, created_at, updated_at)
     select payment, usr, customer, amount, currency, 'pending', now, now from g`,
)

const settle = written(
  'settle',
  `with g as (select * from json_to_recordset($1::json) as g (operation text, actor text, payment text, status text,
     intent text, charge text, secret text, observed json, answer text, line text, event text, data text, now timestamptz)),
   o as (update operations o set status = 'done', answer = g.answer, completed_at = g.now, due_at = null, version = 2
     from g where o.id = g.operation and o.version = 1),
   l as (delete from leases l using g where l.id = g.payment),
   p as (update payments p set status = g.status, gateway_id = g.intent, charge_id = g.charge, secret = g.secret,
     observed = g.observed, updated_at = g.now, version = 2 from g where p.id = g.payment and p.version = 1),
   a as (insert into audit_log select line, now, actor, 'payment.create', payment, 'succeeded' from g)
   insert into outbox select event, now, 'payment.succeeded', payment, data, 'waiting' from g`,
)

serve('POST /payments', async (asked) => {
  const actor = actorOf(asked)
  const { user_id: usr, amount, currency, payment_method } = JSON.parse(asked.body)
  const key = asked.headers['idempotency-key']
  const isGood = typeof usr === 'string' && Number.isSafeInteger(amount) && amount > 0 && /^[A-Z]{3}$/.test(currency)
  if (!isGood || typeof key !== 'string' || !/^pm_\w+$/.test(payment_method)) throw new Error('not a payment')
  const { operation: earlier, customer } = (await known({ actor, key, user: usr })) as {
    operation: string
    customer: string
  }
  if (earlier !== null) throw new Error('the key was used')

  const [payment, operation] = [`tx_${randomUUID()}`, `op_${randomUUID()}`]
  const began = new Date().toISOString()
  const hash = createHash('sha256').update(asked.body).digest('hex')
  const row = { operation, actor, key, hash, payment, usr, customer, amount, currency, now: began }
  await intend({ ...row, input: seal(asked.body, operation) })

  const metadata = { florin_id: payment, florin_operation: operation, florin_user: usr }
  const intent = await stripe.paymentIntents.create(
    {
      ...{ amount, currency: currency.toLowerCase(), payment_method, confirm: true, customer, metadata },
      ...{ automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, expand: ['latest_charge'] },
    },
    { idempotencyKey: operation },
  )
  const charge = intent.latest_charge
  if (charge === null || typeof charge === 'string') throw new Error('Stripe shows no charge')

  const now = new Date().toISOString()
  const body = JSON.stringify({
    ...{ id: payment, object: 'payment', user_id: usr, amount: intent.amount, amount_capturable: 0 },
    ...{ amount_captured: charge.amount_captured, amount_refunded: charge.amount_refunded, currency },
    ...{ status: intent.status, payment_method, description: null, reference: null, metadata: {} },
    ...{ capture_method: intent.capture_method, failure: null, next_action: null, client_secret: null },
    ...{ stripe_payment_intent_id: intent.id, created_at: began, updated_at: now },
  })
  const observed = { state: { rank: 3, stamp: intent.created }, charge: { rank: 0, stamp: charge.created } }
  const event = `event_${randomUUID()}`
  await settle({
    ...{ operation, actor, payment, status: intent.status, intent: intent.id, charge: charge.id, observed, now, event },
    ...{ secret: seal(intent.client_secret ?? '', payment), answer: seal(body, operation), data: seal(body, event) },
    line: `line_${randomUUID()}`,
  })
  return { status: 201, body, objectId: payment }
})
