import { type DueTable, one, type Prunable, type Query, type TableName } from '@florin/core'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, fromPool, postgresRetention } from '../src/index.ts'
import { asked, loadStatement } from '../src/load.ts'
import { tables } from '../src/tables.ts'
import { type FreshDatabase, freshDatabase } from './fresh-database.ts'

let database: FreshDatabase
let pool: Pool
beforeAll(async () => {
  database = await freshDatabase()
  pool = database.pool({ max: 1 })
  for (const statement of fill) await pool.query(statement)
  await pool.query('analyze')
}, 60_000)
afterAll(() => database.close())

const rows = 20_000

/** 20,000 rows in each table: 200 users and parents of 100 rows each; one row in a thousand is still to be done. */
const fill = (() => {
  // What waits for its time is little.
  const waiting = { due_at: "case n % 1000 when 0 then timestamptz '2026-01-01' + n * interval '1 minute' end" }
  const common = ['id', 'version', 'created_at', 'updated_at', 'commit_id']
  const minutely = "timestamptz '2026-01-01' + n * interval '1 minute'"
  const row = (prefix: string, createdAt: string) => `'${prefix}_' || n, 1, ${createdAt}, now(), 'commit'`
  const insert = (table: string, prefix: string, cells: Readonly<Record<string, string>>, createdAt = minutely) =>
    `insert into ${table} (${[...common, ...Object.keys(cells)].join(', ')})
     select ${[row(prefix, createdAt), ...Object.values(cells)].join(', ')} from generate_series(1, ${rows}) as n`
  const seen = { ...waiting, observed: "'{}'", in_doubt: 'false', user_id: "'user_' || n % 200" }
  const rarely = (word: string, otherwise: string) => `case n % 1000 when 0 then '${word}' else '${otherwise}' end`
  const money = { amount: '1', currency: "'EUR'", status: "'succeeded'" }
  const sums = { amount_capturable: '0', amount_captured: '1', amount_refunded: '0', charge_refunded: '0' }
  const ofPayment = { payment_id: "'tx_' || n % 200 + 1", payment_gateway_id: "'pi_' || n % 200 + 1" }
  const due = { amount_due: '1', amount_paid: '1', amount_remaining: '0', attempt_count: '1' }
  const ofSubscription = {
    subscription_id: "'subscription_' || n % 200 + 1",
    subscription_gateway_id: "'sub_' || n % 200 + 1",
  }
  const now = 'now()'
  return [
    insert('transactions', 'tx', {
      ...seen,
      ...money,
      ...sums,
      gateway_id: "'pi_' || n",
      capture_method: "'automatic'",
    }),
    insert('customers', 'cus', { ...seen, is_primary: 'n <= 200', deleted: 'false' }),
    insert('payment_methods', 'method', {
      ...seen,
      gateway_id: "'pm_' || n",
      customer_id: "'cus_' || n % 200",
      status: rarely('detached', 'attached'),
      type: "'card'",
    }),
    insert('subscriptions', 'subscription', {
      ...seen,
      customer_id: "'cus_' || n % 200",
      gateway_id: "'sub_' || n",
      status: "'active'",
      items: "'[]'",
      cancel_at_period_end: 'false',
    }),
    insert('invoices', 'invoice', {
      ...seen,
      ...due,
      ...ofSubscription,
      gateway_id: "'in_' || n",
      status: "'paid'",
      currency: "'EUR'",
      period_start: now,
      period_end: now,
    }),
    insert('refunds', 'refund', { ...seen, ...money, ...ofPayment, gateway_id: "'re_' || n" }),
    insert('disputes', 'dispute', {
      ...seen,
      ...money,
      ...ofPayment,
      gateway_id: "'dp_' || n",
      reason: "'fraudulent'",
    }),
    insert('webhook_events', 'evt', {
      ...waiting,
      type: "'charge.refunded'",
      livemode: 'false',
      // In every partition; the last weeks in the default one.
      occurred_at: "now() + (n % 8) * interval '1 week'",
      status: "case when n % 1000 = 0 then 'failed' when n % 10 = 1 then 'ignored' else 'processed' end",
      attempts: '1',
      owner_id: "'cus_' || n % 200",
    }),
    insert('operations', 'operation', {
      ...waiting,
      user_id: "'user_' || n % 200",
      kind: "'payment.create'",
      status: rarely('open', 'done'),
      completed_at: "timestamptz '2026-01-01' + n * interval '1 minute'",
      actor: "'{}'",
      caller_scope: "'scope_' || n % 200",
      caller_key: "'key_' || n",
    }),
    insert('leases', 'lease', { expires_at: now }),
    insert('debts', 'debt', {
      ...waiting,
      user_id: "'user_' || n % 200",
      reference: "'order-1'",
      amount_due: '1',
      currency: "'EUR'",
      duplicates: "'[]'",
    }),
    insert('outbox', 'event', {
      ...waiting,
      type: "'payment.succeeded'",
      object_id: "'tx_' || n",
      discriminator: "'ch_1'",
      occurred_at: now,
      status: rarely('pending', 'delivered'),
      attempts: '0',
    }),
    insert('data_keys', 'key', {
      ...waiting,
      subject: "'user:user_' || n",
      is_current: 'true',
      wrapped_by: "'ring_' || n % 200",
    }),
    insert(
      'audit_log',
      'audit',
      {
        actor_id: "'user_1'",
        actor_roles: "'[]'",
        action: "'payment.create'",
        object_id: "'tx_' || n % 200",
        outcome: "'intended'",
      },
      // In every partition; the last months in the default one.
      "now() + (n % 8) * interval '1 month'",
    ),
  ]
})()

interface Statement {
  readonly name: string
  readonly text: string
}

interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Subplans Removed'?: number
  readonly Plans?: readonly Node[]
}

const nodesOf = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

const planOf = (query: Query): Promise<readonly string[]> => {
  const { statement, values } = loadStatement(asked(query))
  return planOfStatement(statement, values(query))
}

/** The plan of a statement as it is run: prepared, and planned without knowing its parameters. */
async function planOfStatement(statement: Statement, values: readonly unknown[]): Promise<readonly string[]> {
  const name = `plan_${statement.name}`
  const given = values.map((value) => (typeof value === 'number' ? value : `'${value}'`))
  const client = await pool.connect()
  try {
    await client.query('set plan_cache_mode = force_generic_plan')
    await client.query(`prepare ${name} as ${statement.text}`)
    const parameters = given.length > 0 ? `(${given.join(', ')})` : ''
    const { rows } = await client.query(`explain (format json, costs off) execute ${name}${parameters}`)
    await client.query(`deallocate ${name}`)
    return nodesOf(rows[0]['QUERY PLAN'][0].Plan).map((node) => node['Node Type'])
  } finally {
    await client.query('reset plan_cache_mode')
    client.release()
  }
}

type Where = Readonly<Record<string, string | boolean | null>>

const lists: readonly { readonly table: TableName; readonly where: Where }[] = [
  { table: 'transactions', where: { userId: 'user_1' } },
  { table: 'transactions', where: { customerId: 'cus_1', userId: null } },
  { table: 'customers', where: { userId: 'user_1' } },
  { table: 'payment_methods', where: { userId: 'user_1' } },
  { table: 'payment_methods', where: { userId: 'user_1', status: 'attached' } },
  { table: 'payment_methods', where: { customerId: 'cus_1' } },
  { table: 'subscriptions', where: { userId: 'user_1' } },
  { table: 'subscriptions', where: { customerId: 'cus_1' } },
  { table: 'invoices', where: { userId: 'user_1' } },
  { table: 'invoices', where: { customerId: 'cus_1', userId: null } },
  { table: 'invoices', where: { subscriptionId: 'subscription_1' } },
  { table: 'invoices', where: { subscriptionGatewayId: 'sub_1' } },
  { table: 'refunds', where: { userId: 'user_1' } },
  { table: 'refunds', where: { paymentId: 'tx_1' } },
  { table: 'refunds', where: { paymentGatewayId: 'pi_1' } },
  { table: 'disputes', where: { userId: 'user_1' } },
  { table: 'disputes', where: { paymentId: 'tx_1' } },
  { table: 'disputes', where: { paymentGatewayId: 'pi_1' } },
  ...['received', 'processed', 'ignored', 'failed'].map(
    (status) => ({ table: 'webhook_events', where: { status } }) as const,
  ),
  { table: 'webhook_events', where: { status: 'failed', type: 'invoice.paid' } },
  { table: 'webhook_events', where: { status: 'ignored', type: 'invoice.paid' } },
  { table: 'webhook_events', where: { ownerId: 'cus_1' } },
  { table: 'operations', where: { status: 'open' } },
  { table: 'operations', where: { userId: 'user_1', status: 'open' } },
  { table: 'outbox', where: { status: 'pending' } },
  { table: 'outbox', where: { status: 'dead' } },
  { table: 'audit_log', where: { objectId: 'tx_1' } },
  { table: 'audit_log', where: {} },
  { table: 'data_keys', where: { subject: 'user:user_1' } },
  { table: 'data_keys', where: { wrappedBy: 'ring_1' } },
]

// Tables and columns are data here, so the types cannot follow; each pair above is one of `Searchable`.
const find = (table: TableName, where: Where, more: object) =>
  ({ find: { find: 'many', table, where, ...more } }) as unknown as Query

test.each(lists)('pages through $table where $where by an index, without a sort', async ({ table, where }) => {
  const after = { createdAt: '2026-01-05T00:00:00.000Z', id: 'x' }
  for (const page of [{ limit: 11 }, { limit: 11, after }]) {
    const nodes = await planOf(find(table, where, { page }))
    expect(nodes.filter((node) => /Seq Scan|Sort|Bitmap/.test(node))).toStrictEqual([])
    expect(nodes.some((node) => /^Index (Only )?Scan/.test(node))).toBe(true)
  }
})

// What is scoped to a user besides belongs to that user anyway: few rows, which Postgres may well sort.
const scoped: typeof lists = [
  { table: 'invoices', where: { subscriptionId: 'subscription_1', userId: 'user_1' } },
  { table: 'refunds', where: { paymentId: 'tx_1', userId: 'user_1' } },
  { table: 'disputes', where: { paymentId: 'tx_1', userId: 'user_1' } },
  // The events of one object.
  { table: 'outbox', where: { objectId: 'tx_1' } },
]

// What was processed is nearly all of its table; nobody asks for all of it at once.
const narrowed = [...lists, ...scoped].filter(
  ({ where }) => Object.keys(where).length > 0 && where.status !== 'processed',
)

test.each(narrowed)('finds all of $table where $where by an index', async ({ table, where }) => {
  const nodes = await planOf(find(table, where, {}))
  expect(nodes).not.toContain('Seq Scan')
})

// Of bookmarks there are a few.
test.each(Object.keys(tables).filter((table) => table !== 'bookmarks'))(
  'looks through %s by its primary key',
  async (table) => {
    for (const before of [undefined, 'x']) {
      const find = { find: 'next', table, limit: 10, ...(before !== undefined && { before }) }
      const nodes = await planOf({ find } as unknown as Query) // the table is one of all
      expect(nodes.filter((node) => /Seq Scan|^Sort|Bitmap/.test(node))).toStrictEqual([])
    }
  },
)

const dueTables: Readonly<Record<DueTable, true>> = {
  transactions: true,
  customers: true,
  payment_methods: true,
  subscriptions: true,
  invoices: true,
  refunds: true,
  disputes: true,
  debts: true,
  webhook_events: true,
  operations: true,
  outbox: true,
  data_keys: true,
}

test.each(Object.keys(dueTables))('finds what is due of %s by an index, without sorting all of it', async (table) => {
  const find = { find: 'due', table, at: '2026-06-01T00:00:00.000Z', limit: 10 }
  const nodes = await planOf({ find } as unknown as Query) // the table is one of those above
  // Rows of one time are sorted among themselves.
  expect(nodes.filter((node) => /Seq Scan|^Sort|Bitmap/.test(node))).toStrictEqual([])
})

test.each([
  { table: 'transactions', where: { id: 'tx_1' } },
  { table: 'transactions', where: { id: 'tx_1', userId: 'user_1' } },
  { table: 'transactions', where: { gatewayId: 'pi_1' } },
  { table: 'customers', where: { userId: 'user_1', isPrimary: true } },
  { table: 'payment_methods', where: { gatewayId: 'pm_1' } },
  { table: 'subscriptions', where: { gatewayId: 'sub_1' } },
  { table: 'invoices', where: { gatewayId: 'in_1' } },
  { table: 'refunds', where: { gatewayId: 're_1' } },
  { table: 'disputes', where: { gatewayId: 'dp_1' } },
  { table: 'webhook_events', where: { id: 'evt_1' } },
  { table: 'webhook_events', where: { id: 'evt_1', occurredAt: '2026-01-01T00:00:00.000Z' } },
  { table: 'operations', where: { callerScope: 'scope_1', callerKey: 'key_1' } },
  { table: 'leases', where: { id: 'lease_1' } },
  { table: 'debts', where: { id: 'debt_1' } },
  { table: 'data_keys', where: { id: 'key_1' } },
  { table: 'data_keys', where: { subject: 'user:user_1', isCurrent: true } },
  { table: 'outbox', where: { objectId: 'tx_1' } },
] as const)('finds one of $table where $where by an index, without a sort', async ({ table, where }) => {
  const nodes = await planOf({ find: { find: 'one', table, where } } as unknown as Query)
  const mayHaveSeveral = table === 'outbox'
  expect(nodes.filter((node) => /Seq Scan/.test(node) || (/Sort/.test(node) && !mayHaveSeveral))).toStrictEqual([])
})

test('asks one partition for an event that is looked up with its time, by a plan for all of them', async () => {
  const client = await pool.connect()
  try {
    const query: Query = { event: one('webhook_events', { id: 'evt_8', occurredAt: '2026-01-01T00:00:00.000Z' }) }
    const { statement, values } = loadStatement(asked(query))
    await client.query(`prepare find_event as ${statement.text}`)
    const given = values(query).map((value) => `'${value}'`)
    const execute = `execute find_event(${given.join(', ')})`
    for (let runs = 0; runs < 6; runs += 1) await client.query(execute)
    const { rows } = await client.query(`explain (analyze, format json, costs off) ${execute}`)
    const nodes = nodesOf(rows[0]['QUERY PLAN'][0].Plan)
    expect(nodes.filter((node) => node['Relation Name']?.startsWith('webhook_events'))).toHaveLength(1)
    expect(nodes.find((node) => node['Node Type'] === 'Append')?.['Subplans Removed']).toBeGreaterThan(4)
  } finally {
    client.release()
  }
})

// The default partition is left out: it holds next to nothing, and what it holds is done with at once.
const pruned: readonly Prunable[] = ['operations', 'payloads', 'event_data', 'leases']

test.each(pruned)('prunes %s by indexes, without reading or sorting all of the table', async (what) => {
  const sent: { statement: Statement; values: readonly unknown[] }[] = []
  const real = fromPool(pool)
  const database: Database = {
    ...real,
    run(statement, values) {
      sent.push({ statement, values })
      return Promise.resolve([[0]])
    },
  }
  await postgresRetention({ database }).prune(what, { before: '2026-01-05T00:00:00.000Z', limit: 50 })
  expect(sent).toHaveLength(1)
  const [{ statement, values } = { statement: { name: '', text: '' }, values: [] }] = sent
  const nodes = await planOfStatement(statement, values)
  expect(nodes.filter((node) => /Seq Scan|Sort|Hash|Bitmap/.test(node))).toStrictEqual([])
  expect(nodes.some((node) => /^Index (Only )?Scan/.test(node))).toBe(true)
})
