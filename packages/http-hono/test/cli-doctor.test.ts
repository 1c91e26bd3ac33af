import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createStripeSandbox, type StripeSandbox, serveSandbox } from '@florin/stripe-sandbox'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { ownRedis } from '../../../test/services/own-redis.ts'
import { runCommandLine } from '../src/cli/command-line.ts'
import { webhookFindings } from '../src/cli/doctor/stripe-findings.ts'
import { webhookTypes } from '../src/webhook-types.ts'
import { temporaryFolder } from './cli-process.ts'

const databaseUrl = new URL(inject('databaseUrl'))
databaseUrl.pathname = `/florin_${randomBytes(6).toString('hex')}`

async function sql(statement: string, url = databaseUrl.href) {
  const client = new Client({ connectionString: url })
  await client.connect()
  return client.query(statement).finally(() => client.end())
}

const secrets = {
  STRIPE_SECRET_KEY: 'sk_live_doctor1234567890',
  STRIPE_WEBHOOK_SECRET: 'whsec_doctor1234567890',
  JWT_SECRET: 'q8Zr4vT1yW6uB3nM9kX2cV5pL7sD0fGh',
  ENCRYPTION_KEY: 'Kx82hsPq61Zmvb5Rt9yWc3LdFg7Jn4Qe',
}

let sandbox: StripeSandbox
let served: Awaited<ReturnType<typeof serveSandbox>>
beforeAll(async () => {
  sandbox = createStripeSandbox({
    keys: [secrets.STRIPE_SECRET_KEY, 'sk_test_doctor'],
    now: Math.floor(Date.now() / 1000),
    ticking: true,
  })
  served = await serveSandbox(sandbox, { port: 0 })
  await sql(`create database ${databaseUrl.pathname.slice(1)} template template0`, inject('databaseUrl'))
  await sandbox.fetch('https://api.stripe.com/v1/webhook_endpoints', {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${secrets.STRIPE_SECRET_KEY}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: 'url=https://pay.example/api/v1/webhooks/stripe&enabled_events[]=*',
  })
})
afterAll(async () => {
  await served.close()
  sandbox.close()
  await sql(`drop database ${databaseUrl.pathname.slice(1)} with (force)`, inject('databaseUrl'))
})

const report = z.object({
  passed: z.number(),
  warned: z.number(),
  failed: z.number(),
  findings: z.array(z.object({ check: z.string(), state: z.string(), says: z.string(), fix: z.string().optional() })),
})

/** Runs the doctor over PostgreSQL, Redis and the sandbox; with changes, over something worse. */
async function examine(changes: Record<string, string> = {}, ...flags: string[]) {
  const [printed, complained]: [string[], string[]] = [[], []]
  const environment = {
    ...{ ...secrets, DATABASE_URL: databaseUrl.href, REDIS_URL: ownRedis(), STRIPE_API_BASE: served.url },
    ...{ NODE_ENV: 'development', TRUST_PROXY: '1', METRICS_TOKEN: 'scrape', DB_POOL_SIZE: '10', ...changes },
  }
  const code = await runCommandLine(['doctor', ...flags], {
    ...{ environment, folder: temporaryFolder() },
    print: (line) => printed.push(line),
    complain: (line) => complained.push(line),
  })
  return { code, text: printed.join('\n'), complained: complained.join('\n') }
}

async function findingsOf(changes: Record<string, string> = {}) {
  const { code, text, complained } = await examine(changes, '--json')
  expect(complained).toBe('')
  const { findings, failed } = report.parse(JSON.parse(text))
  expect(code).toBe(failed > 0 ? 1 : 0)
  return new Map(findings.map((finding) => [finding.check, finding]))
}

const fixture = (name: string) => join(import.meta.dirname, '__fixtures__', name)

describe('florin doctor', () => {
  test('fails, and says what to do, while tables are missing', async () => {
    const found = await findingsOf()
    expect(found.get('migrations')).toMatchObject({ state: 'fail', fix: 'run florin migrate up' })
    expect(found.get('work')).toMatchObject({ state: 'fail' })
    const place = { environment: { DATABASE_URL: databaseUrl.href }, folder: temporaryFolder() }
    expect(await runCommandLine(['migrate', 'up'], { ...place, print: () => {}, complain: () => {} })).toBe(0)
  })

  test('says of every line of the checklist whether it holds, and never shows a secret', async () => {
    const { code, text } = await examine()
    for (const line of [
      /pass +Stripe key +a live key/,
      /pass +token secret +JWT_SECRET has 32 characters/,
      /pass +encryption key +ENCRYPTION_KEY has 32 bytes/,
      /pass +TLS +1 proxy stands before it/,
      /warn +firewall +it listens for other machines/,
      /pass +IP allowlist/,
      /pass +rate limit +100 requests a minute/,
      /pass +monitoring +\/metrics asks for its token/,
      /pass +log +JSON lines/,
      /pass +PostgreSQL +version 1\d/,
      /pass +PostgreSQL writes +the server takes them/,
      /pass +migrations +all are applied/,
      /pass +TLS to PostgreSQL +none is needed/,
      /(pass|warn) +database backups +the write-ahead log/,
      /(pass|fail) +durability/,
      /pass +connection pooling +1 × 10 connections of \d+/,
      /warn +statement timeout +PostgreSQL goes on with statements that nobody waits for/,
      /warn +PostgreSQL role/,
      /pass +clock against PostgreSQL/,
      /pass +Redis +version 7/,
      /warn +Redis persistence +is off/,
      /pass +Stripe +answers/,
      /pass +clock against Stripe/,
      /pass +webhook endpoint +https:\/\/pay\.example/,
      /pass +webhook events +all \d+ that Florin reads are sent/,
      /pass +webhook API version/,
      /pass +webhook deliveries +there was nothing to deliver/,
      /pass +open operations +none/,
      /pass +webhooks applied/,
      /pass +webhooks of others/,
      /warn +latest event +none has come yet/,
      /pass +events told/,
      /\n\d+ pass, \d+ warn, [01] fail$/,
    ]) {
      expect(text).toMatch(line)
    }
    // A server of the tests does not wait for the disk; nothing else may fail.
    expect([...text.matchAll(/^fail +(.*?) {2}/gm)].filter(([, check]) => check !== 'durability')).toStrictEqual([])
    expect(code).toBe(/^fail/m.test(text) ? 1 : 0)
    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret)
    expect(text).not.toContain(databaseUrl.password)
  })

  test.each([
    ['STRIPE_SECRET_KEY', 'sk_test_doctor', 'Stripe key', 'warn', /test key/],
    ['STRIPE_SECRET_KEY', 'sk_test_florin_sandbox', 'STRIPE_SECRET_KEY', 'fail', /sandbox's, which everybody knows/],
    ['STRIPE_SECRET_KEY', 'sk_live_unknown', 'Stripe', 'fail', /refuses the key/],
    ['STRIPE_SECRET_KEY', '', 'STRIPE_SECRET_KEY', 'fail', /is not set/],
    ['STRIPE_API_BASE', 'http://127.0.0.1:1', 'Stripe', 'fail', /does not answer/],
    ['JWT_SECRET', 'short', 'token secret', 'fail', /has 5 characters, fewer than 32/],
    ['JWT_SECRET', 'a'.repeat(40), 'token secret', 'fail', /only 1 different/],
    ['ENCRYPTION_KEY', 'k'.repeat(31), 'ENCRYPTION_KEY', 'fail', /32/],
    ['ENCRYPTION_KEY', 'k'.repeat(32), 'encryption key', 'fail', /only 1 different/],
    ['TRUST_PROXY', '0', 'TLS', 'fail', /in clear/],
    ['SERVER_HOST', '127.0.0.1', 'firewall', 'pass', /127\.0\.0\.1 only/],
    ['RATE_LIMIT_PER_MINUTE', '0', 'rate limit', 'fail', /off/],
    ['RATE_LIMIT_PER_MINUTE', '100000', 'rate limit', 'warn', /hardly/],
    ['METRICS_TOKEN', '', 'monitoring', 'warn', /open/],
    ['LOG_LEVEL', 'debug', 'log', 'warn', /debug/],
    ['LOG_LEVEL', 'silent', 'log', 'fail', /nothing is logged/],
    ['USER_SETS_AMOUNT', 'true', 'amounts', 'warn', /users set/],
    ['REQUIRE_IDEMPOTENCY_KEY', 'false', 'idempotency', 'warn', /pays twice/],
    ['CORS_ORIGINS', '*', 'CORS', 'warn', /any origin/],
    ['DB_POOL_SIZE', '900', 'connection pooling', 'fail', /1 × 900/],
    [
      'DATABASE_URL',
      'postgres://u:hidden@127.0.0.1:1/x',
      'PostgreSQL',
      'fail',
      /does not answer: connect ECONNREFUSED/,
    ],
    ['REDIS_URL', 'redis://127.0.0.1:1', 'Redis', 'warn', /does not answer: connect ECONNREFUSED 127\.0\.0\.1:1;/],
    ['REDIS_CLUSTER_NODES', '127.0.0.1:1', 'Redis', 'warn', /does not answer: Connection is closed/],
    ['SERVER_PORT', 'many', 'SERVER_PORT', 'fail', /whole number/],
  ])('%s=%s: %s is %s', async (name, value, check, state, says) => {
    expect((await findingsOf({ [name]: value })).get(check)).toMatchObject({ state, says: expect.stringMatching(says) })
  })

  test('tells of a Redis that takes connections and never says a word', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const taken: Socket[] = []
    silent.on('connection', (socket) => void taken.push(socket))
    try {
      const { port } = z.object({ port: z.number() }).parse(silent.address())
      const found = await findingsOf({ REDIS_URL: `redis://127.0.0.1:${port}` })
      expect(found.get('Redis')?.says).toMatch(/^does not answer: nothing came within 2 s;/)
    } finally {
      for (const socket of taken) socket.destroy()
      silent.close()
    }
  })

  test('tells of a certificate that ends', async () => {
    const files = { TLS_CERT_FILE: fixture('localhost.crt'), TLS_KEY_FILE: fixture('localhost.key') }
    expect((await findingsOf(files)).get('TLS')).toMatchObject({
      state: 'pass',
      says: expect.stringMatching(/TLS 1.3; .* \d+ days/),
    })
  })

  test('tells of a clock that is wrong', async () => {
    await sandbox.clock.advance(120)
    expect((await findingsOf()).get('clock against Stripe')).toMatchObject({
      state: 'fail',
      says: expect.stringMatching(/^1[12]\d s apart/),
    })
  })

  test('a test key fails where it is production', async () => {
    const found = await findingsOf({ NODE_ENV: 'production', STRIPE_SECRET_KEY: 'sk_test_doctor' })
    expect(found.get('Stripe key')).toMatchObject({ state: 'fail', fix: expect.stringContaining('apikeys') })
    expect(found.get('NODE_ENV')).toMatchObject({ state: 'pass' })
  })

  test('says whether PostgreSQL ends statements before the server gives them up', async () => {
    const name = databaseUrl.pathname.slice(1)
    for (const [timeout, state] of [
      ['12s', 'pass'],
      ['20s', 'warn'],
    ] as const) {
      await sql(`alter database ${name} set statement_timeout = '${timeout}'`)
      expect((await findingsOf()).get('statement timeout')).toMatchObject({ state })
    }
    await sql(`alter database ${name} reset statement_timeout`)
  })

  test('fails where the server may only read', async () => {
    const name = databaseUrl.pathname.slice(1)
    await sql(`alter database ${name} set default_transaction_read_only = on`)
    const found = await findingsOf()
    await sql(`begin read write; alter database ${name} reset default_transaction_read_only; commit`)
    expect(found.get('PostgreSQL writes')).toMatchObject({
      state: 'fail',
      fix: expect.stringContaining('DATABASE_URL'),
    })
    expect((await findingsOf()).get('PostgreSQL writes')).toMatchObject({ state: 'pass' })
  })

  test('tells of what waits, what was given up, and of events that are not ours', async () => {
    const insert = (table: string, cells: Record<string, string>) => {
      const all = {
        id: `'${table}_${randomBytes(4).toString('hex')}'`,
        version: '1',
        updated_at: 'now()',
        commit_id: "'c'",
        ...cells,
      }
      return sql(`insert into ${table} (${Object.keys(all)}) values (${Object.values(all)})`)
    }
    await insert('operations', {
      kind: "'payment.create'",
      status: "'open'",
      actor: "'{}'",
      created_at: "now() - interval '2 hours'",
    })
    const event = {
      type: "'charge.refunded'",
      livemode: 'true',
      occurred_at: 'now()',
      attempts: '1',
      created_at: 'now()',
    }
    await insert('webhook_events', { ...event, status: "'failed'" })
    await insert('webhook_events', { ...event, status: "'ignored'", reason: "'it is of test mode'" })
    await insert('webhook_events', { ...event, status: "'processed'", created_at: "now() - interval '5 days'" })
    const told = {
      type: "'payment.succeeded'",
      object_id: "'tx_1'",
      discriminator: "'1'",
      data: "'sealed'",
      occurred_at: 'now()',
      attempts: '18',
    }
    await insert('outbox', { ...told, status: "'dead'", created_at: 'now()' })
    const found = await findingsOf()
    expect(found.get('open operations')).toMatchObject({ state: 'fail', says: '1, the oldest for 120 minutes' })
    expect(found.get('webhooks applied')).toMatchObject({
      state: 'fail',
      fix: expect.stringContaining('florin webhooks'),
    })
    expect(found.get('webhooks of others')).toMatchObject({
      state: 'fail',
      says: expect.stringMatching(/^1 of the other mode/),
    })
    expect(found.get('latest event')).toMatchObject({ state: 'warn', says: '5 days ago, by webhook or by catching up' })
    expect(found.get('events told')).toMatchObject({
      state: 'fail',
      fix: expect.stringContaining('florin events retry'),
    })
  })
})

describe('the webhook endpoints of the account', () => {
  const endpoint = (changes: object) =>
    // Only what is looked at.
    ({
      url: 'https://pay.example/api/v1/webhooks/stripe',
      status: 'enabled',
      enabled_events: ['*'],
      api_version: null,
      ...changes,
    }) as never
  const stateOf = (check: string, changes: object) =>
    webhookFindings([endpoint(changes)]).find((finding) => finding.check === check)

  test.each([
    ['webhook endpoint', { url: 'https://pay.example/other' }, 'fail', /no endpoint/],
    ['webhook endpoint', { url: 'http://pay.example/api/v1/webhooks/stripe' }, 'fail', /not encrypted/],
    ['webhook endpoint', { status: 'disabled' }, 'fail', /is disabled/],
    ['webhook events', { enabled_events: webhookTypes.needed }, 'warn', /found by a sweep/],
    ['webhook events', { enabled_events: webhookTypes.needed.slice(1) }, 'fail', /1 that Florin needs/],
    ['webhook events', { enabled_events: [...webhookTypes.needed, ...webhookTypes.useful] }, 'pass', /all/],
    ['webhook API version', { api_version: '2020-08-27' }, 'fail', /older than 2022-11-15/],
    ['webhook API version', { api_version: '2026-10-28.endive' }, 'pass', /endive/],
  ])('%s of %j is a %3$s', (check, changes, state, says) => {
    expect(stateOf(check, changes)).toMatchObject({ state, says: expect.stringMatching(says) })
  })
})
