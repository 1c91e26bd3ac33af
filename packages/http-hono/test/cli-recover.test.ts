import { randomBytes } from 'node:crypto'
import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin, system } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox, serveSandbox } from '@florin/stripe-sandbox'
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { runCommandLine } from '../src/cli/command-line.ts'
import { readEncryptionKey } from '../src/cli/encryption-key.ts'
import { temporaryFolder } from './cli-process.ts'

const databaseUrl = new URL(inject('databaseUrl'))
databaseUrl.pathname = `/florin_${randomBytes(6).toString('hex')}`
const ENCRYPTION_KEY = '0123456789abcdef0123456789abcdef'

async function sql(statement: string) {
  const client = new Client({ connectionString: inject('databaseUrl') })
  await client.connect()
  return client.query(statement).finally(() => client.end())
}

const sandbox = createStripeSandbox({ now: Math.floor(Date.now() / 1000), ticking: true })
const served = serveSandbox(sandbox, { port: 0 })
// Its connections are cut when the database is dropped.
const pool = new Pool({ connectionString: databaseUrl.href, max: 2 }).on('error', () => undefined)

beforeAll(() => sql(`create database ${databaseUrl.pathname.slice(1)} template template0`))
afterAll(async () => {
  await pool.end()
  await (await served).close()
  sandbox.close()
  await sql(`drop database ${databaseUrl.pathname.slice(1)} with (force)`)
})

async function command(...args: string[]) {
  const printed: string[] = []
  const environment = {
    ...{ DATABASE_URL: databaseUrl.href, STRIPE_API_BASE: (await served).url, STRIPE_RATE_LIMIT_PER_SECOND: '0' },
    ...{ STRIPE_SECRET_KEY: 'sk_test_recover', ENCRYPTION_KEY, LOG_LEVEL: 'silent' },
  }
  const print = (line: string) => void printed.push(line)
  const code = await runCommandLine(args, { environment, folder: temporaryFolder(), print, complain: print })
  return { code, printed }
}

const order = { userId: 'user_1', amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }

/** A server's Florin over the same database. */
const open = () =>
  createFlorin({
    storage: postgresStorage({ database: fromPool(pool) }),
    cipher: nodeCipher({ current: readEncryptionKey(ENCRYPTION_KEY) }),
    gateway: stripeGateway({
      stripe: stripeClient({ secretKey: 'sk_test_recover', fetch: sandbox.fetch }),
      webhookSecrets: ['unused'],
    }),
  })

test('florin recover settles what was left open, and names what is open still', { timeout: 60_000 }, async () => {
  expect(await command('migrate', 'up')).toMatchObject({ code: 0 })
  const florin = open()
  await florin.payments.create(order, { actor: system })
  const lose = async () => {
    sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
    await expect(florin.payments.create(order, { actor: system })).rejects.toMatchObject({ outcome: 'unknown' })
  }
  for (let lost = 0; lost < 3; lost += 1) await lose()
  expect(await command('recover')).toEqual({ code: 0, printed: ['3 settled, 0 still open'] })
  expect(sandbox.state.all('payment_intent')).toHaveLength(4)

  await lose()
  await lose()
  sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents', times: 1 })
  // One is open after the first round, and is tried again as long as others are settled.
  expect(await command('recover')).toEqual({ code: 0, printed: ['2 settled, 0 still open'] })
  await lose()
  sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents', times: 1 })
  const { code, printed } = await command('recover')
  expect(code).toBe(1)
  expect(printed).toEqual([
    expect.stringMatching(/^operation_\w+ {2}gateway_outcome_unknown$/),
    '0 settled, 1 still open',
  ])
  expect(await command('recover')).toEqual({ code: 0, printed: ['1 settled, 0 still open'] })
  expect(await command('recover')).toEqual({ code: 0, printed: ['0 settled, 0 still open'] })

  // One that has to be looked for again later is not met by the rounds that follow, and is open all the same.
  sandbox.faults.inject({ kind: 'cut_before', path: '/v1/payment_intents', times: 1 })
  await expect(florin.payments.create(order, { actor: system })).rejects.toMatchObject({ outcome: 'unknown' })
  await pool.query("update operations set created_at = created_at - interval '1 hour' where status = 'open'")
  await lose()
  const later = await command('recover')
  expect(later.printed).toEqual([
    expect.stringMatching(/^operation_\w+ {2}gateway_outcome_unknown$/),
    '1 settled, 1 still open',
  ])
  expect(later.code).toBe(1)
})

test('florin recover names an operation that does not open, which nobody settles, and exits 1', async () => {
  const florin = open()
  sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
  await expect(florin.payments.create(order, { actor: system })).rejects.toMatchObject({ outcome: 'unknown' })
  const { rows } = await pool.query(`update operations set due_at = now() - interval '1 minute',
    input = overlay(input placing 'AAAA' from length(input) - 10 for 4) 
    where id = (select id from operations where status = 'open' order by created_at desc limit 1) returning id`)
  expect(await command('recover')).toEqual({
    code: 1,
    printed: [`${rows[0].id}  does not open: florin keys verify says why`, '0 settled, 1 still open'],
  })
})
