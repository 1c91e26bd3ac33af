import { randomBytes } from 'node:crypto'
import { fromPool, migrateToLatest, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox, signWebhook } from '@florin/stripe-sandbox'
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { runCommandLine } from '../src/cli/command-line.ts'
import { readEncryptionKey } from '../src/cli/encryption-key.ts'
import { temporaryFolder } from './cli-process.ts'
import { runFlorin } from './run-command.ts'

const ENCRYPTION_KEY = '0123456789abcdef0123456789abcdef'
const database = `florin_${randomBytes(6).toString('hex')}`
const url = new URL(inject('databaseUrl'))
url.pathname = `/${database}`
// Its connections are cut when the database is dropped.
const pool = new Pool({ connectionString: url.href, max: 4 }).on('error', () => undefined)
const sandbox = createStripeSandbox({ seed: database })

async function asAdmin(statement: string): Promise<void> {
  const admin = new Client({ connectionString: inject('databaseUrl') })
  await admin.connect()
  await admin.query(statement).finally(() => admin.end())
}

const server = createFlorin({
  storage: postgresStorage({ database: fromPool(pool) }),
  cipher: nodeCipher({ current: readEncryptionKey(ENCRYPTION_KEY) }),
  gateway: stripeGateway({
    stripe: stripeClient({ secretKey: 'sk_test_webhooks', fetch: sandbox.fetch }),
    webhookSecrets: ['whsec_webhooks'],
  }),
})

/** Delivers Stripe's event of a payment that succeeded, with something else in it. */
async function deliver(id: string, change: object = {}): Promise<void> {
  const event = sandbox.state.all('event').find((one) => 'type' in one && one.type === 'payment_intent.succeeded')
  const body = JSON.stringify({ ...event, id, ...change })
  const signature = signWebhook(body, ['whsec_webhooks'], Math.floor(Date.now() / 1000))
  await server.webhooks.receive(body, signature).catch(() => undefined)
}

const unreadable = { data: { object: { object: 'payment_intent', id: 'pi_1' } } }

beforeAll(async () => {
  await asAdmin(`create database ${database} template template0`)
  await migrateToLatest(fromPool(pool))
  const input = { userId: 'alice', amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
  await server.payments.create(input, { actor: { id: 'shop', roles: ['service'] } })
  await deliver('evt_1')
  await deliver('evt_2', { type: 'climate.order.created' })
  await deliver('evt_3', unreadable)
  await deliver('evt_4', unreadable)
}, 60_000)
afterAll(async () => {
  await pool.end()
  await asAdmin(`drop database ${database} with (force)`)
}, 60_000)

// Nothing listens where it would look for Stripe.
const settings = {
  ...{ DATABASE_URL: url.href, ENCRYPTION_KEY, STRIPE_SECRET_KEY: 'sk_test_webhooks' },
  ...{ STRIPE_API_BASE: 'http://127.0.0.1:1', LOG_LEVEL: 'silent' },
}

/** Runs `florin` in this process. */
async function florin(...args: string[]) {
  const [printed, complained]: [string[], string[]] = [[], []]
  const code = await runCommandLine(args, {
    ...{ environment: settings, folder: temporaryFolder() },
    print: (line) => printed.push(line),
    complain: (line) => complained.push(line),
  })
  return { code, printed, complained: complained.join('\n') }
}

describe('florin webhooks', () => {
  test('lists them, newest first, by status and by type', async () => {
    const { code, printed } = await florin('webhooks', 'list')
    expect(code).toBe(0)
    expect(printed.map((line) => line.split('  ')[0])).toEqual(['evt_4', 'evt_3', 'evt_2', 'evt_1'])
    expect(printed[3]).toMatch(/^evt_1 {2}\S+Z {2}payment_intent\.succeeded {2}pi_\w+ {2}processed after 1 attempts$/)
    const failed = await florin('webhooks', 'list', '--status', 'failed', '--type', 'payment_intent.succeeded')
    expect(failed.printed).toHaveLength(2)
    expect(failed.printed[0]).toMatch(/failed after 1 attempts: amount: /)
    const some = await florin('webhooks', 'list', '--limit', '3')
    expect(some).toMatchObject({ printed: { length: 3 }, complained: 'There are more; --limit 30 shows more of them.' })
    const none = await florin('webhooks', 'list', '--status', 'received')
    expect(none).toStrictEqual({ code: 0, printed: [], complained: 'No event is received.' })
  })

  test('logs what it meets beside them, and not among them', async () => {
    const environment = { ...settings, REDIS_URL: 'redis://127.0.0.1:1', LOG_LEVEL: 'warn' }
    const { code, printed, complained } = await runFlorin(['webhooks', 'list', '--limit', '1'], environment)
    expect({ code, printed }).toEqual({ code: 0, printed: [expect.stringMatching(/^evt_4 /)] })
    expect(complained[0]).toMatch(/^\{"level":"WARN",.*"message":"Redis does not answer: going on without it"\}$/)
  })

  test('shows one, and nothing of its body', async () => {
    const { code, printed } = await florin('webhooks', 'show', 'evt_2')
    expect(code).toBe(0)
    expect(printed).toContain('reason        its type is of no concern here')
    expect(printed).toContain('mode          test')
    expect(printed.join('\n')).not.toMatch(/alice|4242|secret/)
  })

  test('replays one: exits 0 where it is applied, 1 where it fails again', async () => {
    expect(await florin('webhooks', 'replay', 'evt_1')).toMatchObject({
      code: 0,
      printed: [expect.stringMatching(/^evt_1 .* processed after 2 attempts$/)],
    })
    expect(await florin('webhooks', 'replay', 'evt_3')).toMatchObject({
      code: 1,
      printed: [expect.stringMatching(/^evt_3 .* failed after 2 attempts: amount: /)],
    })
    const { rows } = await pool.query("select object_id, actor_id, outcome from audit_log where action like 'webhook%'")
    expect(rows).toEqual([
      { object_id: 'evt_1', actor_id: 'florin-cli', outcome: 'processed' },
      { object_id: 'evt_3', actor_id: 'florin-cli', outcome: 'failed' },
    ])
  })

  test('replays all that failed, each once, until none is left', async () => {
    // As after a release that reads what the one before could not.
    await pool.query(`update webhook_events set status = 'failed' where id = 'evt_1'`)
    const replayed = await florin('webhooks', 'replay', '--failed')
    expect(replayed).toMatchObject({ code: 1, complained: '1 applied, 2 failed again.' })
    expect(replayed.printed.map((line) => line.split('  ')[0])).toEqual(['evt_4', 'evt_3', 'evt_1'])
    await pool.query(`update webhook_events set payload = null where id = 'evt_3'`)
    await pool.query(`delete from webhook_events where id = 'evt_4'`)
    expect(await florin('webhooks', 'replay', '--failed')).toMatchObject({
      code: 1,
      complained: '0 applied, 0 failed again, 1 whose body is no longer kept.',
    })
    expect(await florin('webhooks', 'replay', 'evt_3')).toMatchObject({
      code: 1,
      complained: expect.stringContaining('the body of evt_3 is no longer kept'),
    })
    await pool.query(`delete from webhook_events where id = 'evt_3'`)
    expect(await florin('webhooks', 'replay', '--failed')).toMatchObject({ code: 0, printed: [] })
  })

  test('replays all others where the body of one does not open, and names it', async () => {
    for (const id of ['evt_5', 'evt_6', 'evt_7']) await deliver(id, unreadable)
    const altered = 'set_byte(payload, length(payload) - 9, 255 - get_byte(payload, length(payload) - 9))'
    await pool.query(`update webhook_events set payload = ${altered} where id = 'evt_6'`)
    const { code, printed, complained } = await florin('webhooks', 'replay', '--failed')
    expect(printed.map((line) => line.split('  ')[0])).toEqual(['evt_7', 'evt_5'])
    expect(complained).toMatch(/^evt_6 was not applied: .*does not open.*\n0 applied, 3 failed again\.$/)
    expect(code).toBe(1)
    await pool.query(`delete from webhook_events where id in ('evt_5', 'evt_6', 'evt_7')`)
  })

  test.each([
    { args: ['show'], says: /show needs the id/, code: 2 },
    { args: ['replay'], says: /replay needs the id/, code: 2 },
    { args: ['replay', 'evt_none'], says: /no webhook event evt_none/, code: 1 },
    { args: ['show', 'tx_1'], says: /must be an id such as evt_/, code: 1 },
    { args: ['replay', 'evt_1', '--failed'], says: /not both/, code: 2 },
    { args: ['list', 'evt_1'], says: /florin webhooks show evt_1/, code: 2 },
    { args: ['list', '--failed'], says: /--failed goes with replay/, code: 2 },
    { args: ['show', 'evt_1', '--failed'], says: /--failed goes with replay/, code: 2 },
    { args: ['show', 'evt_1', '--status', 'failed'], says: /--status goes with list/, code: 2 },
    { args: ['list', '--status', 'lost'], says: /--status lost is none/, code: 2 },
    { args: ['list', '--limit', 'many'], says: /--limit must be a number/, code: 2 },
    { args: ['list', '--type', 'invoice.paid'], says: /type: goes with the status failed or ignored/, code: 1 },
    { args: [], says: /needs one of: list, show, replay/, code: 2 },
  ])('$args: exits $code and says what is wrong', async ({ args, says, code }) => {
    expect(await florin('webhooks', ...args)).toMatchObject({
      code,
      printed: [],
      complained: expect.stringMatching(says),
    })
  })

  test('never suggests a limit that it refuses', { timeout: 60_000 }, async () => {
    await pool.query(
      `insert into webhook_events (id, version, created_at, updated_at, commit_id, type, livemode, occurred_at, status, attempts)
       select 'evt_many' || n, 1, now(), now(), 'c', 'plan.updated', false, now(), 'failed', 1 from generate_series(1, 10001) as n`,
    )
    const many = ['webhooks', 'list', '--status', 'failed', '--type', 'plan.updated', '--limit']
    const some = await florin(...many, '1001')
    expect(some.complained).toBe('There are more; --limit 10000 shows more of them.')
    const most = await florin(...many, '10000')
    expect(most).toMatchObject({ code: 0, complained: 'There are more; --status and --type narrow them down.' })
    expect(await florin('webhooks', 'list', '--limit', '10001')).toMatchObject({ code: 2 })
  })
})
