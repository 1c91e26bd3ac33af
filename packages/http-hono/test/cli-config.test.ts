import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/cli/config.ts'
import { needs } from '../src/cli/config-needs.ts'
import { shownSettings } from '../src/cli/masked-config.ts'
import { gatherSettings } from '../src/cli/setting-sources.ts'
import { variableNames } from '../src/cli/variables.ts'

const complete = {
  STRIPE_SECRET_KEY: 'sk_test_abc',
  STRIPE_WEBHOOK_SECRET: 'whsec_abc',
  JWT_SECRET: 'a secret of more than thirty-two characters',
  ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
}

const fixture = (name: string) => join(import.meta.dirname, '__fixtures__', name)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const serve = (environment: Record<string, string>) => readConfig({ environment, folder }, needs.serve)

/** The problems as `NAME message`. */
function problemsOf(read: () => unknown): string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ name, message }) => `${name} ${message}`)
    throw error
  }
  return []
}

const problemsWith = (changes: Record<string, string>) => problemsOf(() => serve({ ...complete, ...changes }))

describe('where settings come from', () => {
  test('the environment stands above .env, .env above config.yaml, and that above the defaults', () => {
    writeFileSync(join(folder, '.env'), 'SERVER_PORT=2\nDB_HOST=from-dotenv\nDB_NAME=from-dotenv\n')
    writeFileSync(
      join(folder, 'config.yaml'),
      'SERVER_PORT: 3\nDB_HOST: from-yaml\nDB_NAME: from-yaml\nDB_USER: from-yaml\n',
    )
    expect(serve({ ...complete, SERVER_PORT: '1', DB_NAME: ' ' })).toMatchObject({
      SERVER_PORT: 1,
      DB_HOST: 'from-dotenv',
      DB_NAME: 'from-dotenv',
      DB_USER: 'from-yaml',
      DB_PORT: 5432,
    })
  })

  test('config.yaml may nest names and write lists as lists, and keeps keys of digits as they are', () => {
    writeFileSync(
      join(folder, 'config.yaml'),
      [
        'server: { port: 4000 }',
        'cors-origins: [https://a.example, https://b.example]',
        'stripe:',
        '  secret_key: sk_test_yaml',
        '  webhook_secret:',
        '    - whsec_new',
        '    - whsec_old',
        'encryption_key: 12345678901234567890123456789012',
        'redis:',
      ].join('\n'),
    )
    const config = serve({ JWT_SECRET: complete.JWT_SECRET })
    expect(config).toMatchObject({
      SERVER_PORT: 4000,
      CORS_ORIGINS: ['https://a.example', 'https://b.example'],
      STRIPE_SECRET_KEY: 'sk_test_yaml',
      STRIPE_WEBHOOK_SECRET: ['whsec_new', 'whsec_old'],
    })
    expect(Buffer.from(config.ENCRYPTION_KEY?.bytes ?? []).toString()).toBe('12345678901234567890123456789012')
  })

  test('CONFIG_FILE names another file, which must exist', () => {
    writeFileSync(join(folder, 'other.yaml'), 'SERVER_PORT: 5000')
    expect(serve({ ...complete, CONFIG_FILE: 'other.yaml' }).SERVER_PORT).toBe(5000)
    expect(serve({ ...complete, CONFIG_FILE: join(folder, 'other.yaml') }).SERVER_PORT).toBe(5000)
    expect(problemsWith({ CONFIG_FILE: 'absent.yaml' })).toStrictEqual([
      'CONFIG_FILE names absent.yaml, which does not exist',
    ])
  })

  test.each([
    { yaml: 'SERVER_PROT: 1', problem: 'SERVER_PROT is no setting (config.yaml); is SERVER_PORT meant?' },
    { yaml: 'server:\n  prot: 1', problem: 'server.prot is no setting (config.yaml); is SERVER_PORT meant?' },
    { yaml: 'colour: blue', problem: 'colour is no setting (config.yaml)' },
    { yaml: 'just a text', problem: 'config.yaml holds no settings; write them as NAME: value' },
    { yaml: 'SERVER_PORT: 1\nserver: { port: 2 }', problem: 'SERVER_PORT is set twice (config.yaml)' },
  ])('config.yaml with $yaml is an error', ({ yaml, problem }) => {
    writeFileSync(join(folder, 'config.yaml'), yaml)
    expect(problemsWith({})).toStrictEqual([problem])
  })

  test('config.yaml that is no YAML is an error that names the line and does not quote it', () => {
    writeFileSync(join(folder, 'config.yaml'), 'SERVER_PORT: 1\nJWT_SECRET: "very secret\n')
    const [problem] = problemsWith({})
    expect(problem).toMatch(/^config\.yaml is not valid YAML in line \d: /)
    expect(problem).not.toContain('very secret')
  })

  test('an empty config.yaml and an empty .env are fine', () => {
    writeFileSync(join(folder, 'config.yaml'), '\n')
    writeFileSync(join(folder, '.env'), '')
    expect(serve(complete).SERVER_PORT).toBe(9097)
  })
})

describe('wrong values', () => {
  const environment = (text: string) => `${text} (from the environment)`

  test.each([
    { name: 'SERVER_PORT', value: 'abc', message: 'must be a whole number from 0 to 65535, not "abc"' },
    { name: 'SERVER_PORT', value: '65536', message: 'must be a whole number from 0 to 65535, not "65536"' },
    { name: 'SERVER_PORT', value: '1.5', message: 'must be a whole number from 0 to 65535, not "1.5"' },
    { name: 'DB_POOL_SIZE', value: '0', message: 'must be a whole number from 1 to 1000, not "0"' },
    { name: 'RATE_LIMIT_PER_MINUTE', value: '-1', message: 'must be a whole number from 0 to 1000000, not "-1"' },
    { name: 'DB_SSL', value: 'maybe', message: 'must be true or false, not "maybe"' },
    { name: 'LOG_LEVEL', value: 'loud', message: 'must be one of debug, info, warn, error, silent, not "loud"' },
    {
      name: 'CORS_ORIGINS',
      value: 'shop.example',
      message: 'must look like https://host.example, without a path, not "shop.example"',
    },
    {
      name: 'CORS_ORIGINS',
      value: 'https://a.example,https://b.example/x',
      message:
        'must look like https://host.example, without a path (entry 2 of 2), not "https://a.example,https://b.example/x"',
    },
    {
      name: 'REDIS_CLUSTER_NODES',
      value: '10.0.0.1:6379,10.0.0.2',
      message: 'must hold servers such as 10.0.0.1:6379 (entry 2 of 2), not "10.0.0.1:6379,10.0.0.2"',
    },
    {
      name: 'IP_ALLOWLIST',
      value: '10.0.0.0/33',
      message: 'must hold IP addresses or ranges such as 10.0.0.0/8, not "10.0.0.0/33"',
    },
    {
      name: 'IP_ALLOWLIST',
      value: '10.0.0.0/8,::ffff:10.0.0.1',
      message: 'must hold IPv4 addresses as such, without ::ffff: (entry 2 of 2), not "10.0.0.0/8,::ffff:10.0.0.1"',
    },
    { name: 'TRUST_PROXY', value: 'true', message: 'must be a whole number from 0 to 16, not "true"' },
    {
      name: 'STRIPE_API_BASE',
      value: 'http://host/v1',
      message: 'must look like https://host.example, without a path, not "http://host/v1"',
    },
    {
      name: 'JWT_JWKS_URL',
      value: 'ftp://keys',
      message: 'must be a URL that begins with https:// or http://, not "ftp://keys"',
    },
    {
      name: 'JWT_ALGORITHMS',
      value: 'RS256,HS256',
      message: 'must hold any of RS256, PS256, ES256, EdDSA (entry 2 of 2), not "RS256,HS256"',
    },
    {
      name: 'PAYMENT_RECOVERY_WINDOW',
      value: '2d',
      message: 'must be a time such as 30s, 15m or 1h, at most 23h, not "2d"',
    },
    {
      name: 'EVENT_WEBHOOK_URLS',
      value: 'https://user:password@shop.example',
      message:
        'must hold URLs such as https://shop.example/florin, without a user and a password, not "https://user:password@shop.example"',
    },
    {
      name: 'EVENT_WEBHOOK_SECRET',
      value: 'whsec_hidden',
      message: 'must be whsec_ and at least 24 bytes in base64',
    },
    { name: 'USER_ID_PATTERN', value: '(', message: 'must be a regular expression, not "("' },
    {
      name: 'DATABASE_URL',
      value: 'mysql://u:hidden@h/d',
      message: 'must be a URL that begins with postgres:// or postgresql://',
    },
    { name: 'REDIS_URL', value: 'http://hidden', message: 'must be a URL that begins with redis:// or rediss://' },
    {
      name: 'STRIPE_SECRET_KEY',
      value: 'pk_test_hidden',
      message: 'is a publishable key; the secret one begins with sk_ or rk_',
    },
    { name: 'STRIPE_SECRET_KEY', value: 'hidden', message: 'must begin with sk_test_, sk_live_, rk_test_ or rk_live_' },
    { name: 'STRIPE_WEBHOOK_SECRET', value: 'hidden', message: 'must begin with whsec_' },
    { name: 'STRIPE_WEBHOOK_SECRET', value: 'whsec_a, hidden', message: 'must begin with whsec_ (entry 2 of 2)' },
    {
      name: 'ENCRYPTION_KEY',
      value: 'hidden'.padEnd(31, 'x'),
      message: 'has 31 characters, it must have exactly 32 (or be base64:<32 bytes>)',
    },
    {
      name: 'ENCRYPTION_KEY',
      value: 'hidden'.padEnd(33, 'x'),
      message: 'has 33 characters, it must have exactly 32 (or be base64:<32 bytes>)',
    },
    {
      name: 'ENCRYPTION_KEY',
      value: 'hidden'.padEnd(32, 'ü'),
      message: 'has 32 characters, but some of them are not plain ASCII; write the key as base64:<32 bytes>',
    },
    {
      name: 'ENCRYPTION_KEY',
      value: 'base64:aGlkZGVu',
      message: 'holds 6 bytes after base64:, it must hold exactly 32',
    },
    { name: 'ENCRYPTION_KEY', value: 'base64:hidden!', message: 'is no valid base64 after base64:' },
    {
      name: 'ENCRYPTION_KEYS_RETIRED',
      value: `${'x'.repeat(32)},hidden`,
      message: 'has 6 characters, it must have exactly 32 (or be base64:<32 bytes>) (entry 2 of 2)',
    },
  ])('$name=$value: $message', ({ name, value, message }) => {
    const withoutOther = {
      ...(name === 'JWT_JWKS_URL' && { JWT_SECRET: '' }),
      ...(name === 'JWT_ALGORITHMS' && { JWT_SECRET: '', JWT_JWKS_URL: 'https://login.example/keys' }),
      ...(name === 'EVENT_WEBHOOK_URLS' && { EVENT_WEBHOOK_SECRET: `whsec_${'a'.repeat(32)}` }),
    }
    const problems = problemsWith({ ...withoutOther, [name]: value })
    expect(problems).toStrictEqual([environment(`${name} ${message}`)])
    expect(problems.join()).not.toContain('hidden')
  })

  test('a name and a password within a URL are not shown, even where they should not stand there', () => {
    const value = 'https://hook:hidden@shop.example/x,https://login.example/keys'
    const settings = { EVENT_WEBHOOK_URLS: { value, from: 'the environment' } }
    const shown = shownSettings(settings, [{ name: 'EVENT_WEBHOOK_URLS', message: 'holds a password' }])
    expect(shown).toContainEqual({
      name: 'EVENT_WEBHOOK_URLS',
      value: 'https://[set]@shop.example/x,https://login.example/keys',
      from: 'the environment: wrong',
    })
  })

  test.each([
    {
      with: { TLS_CERT_FILE: import.meta.filename },
      problem: 'TLS_KEY_FILE is not set, but TLS needs the certificate and the key',
    },
    {
      with: { TLS_CERT_FILE: import.meta.filename, TLS_KEY_FILE: '/absent.key' },
      problem: 'TLS_KEY_FILE names /absent.key, which does not exist',
    },
    {
      with: { TLS_CERT_FILE: fixture('localhost.crt'), TLS_KEY_FILE: fixture('signed.key') },
      problem: expect.stringMatching(/^TLS_CERT_FILE cannot be used: .*key values mismatch/),
    },
    {
      with: { DB_SSL_CA_FILE: '/absent.crt' },
      problem: 'DB_SSL_CA_FILE names /absent.crt, which does not exist',
    },
    {
      with: { REDIS_TLS_CA_FILE: import.meta.filename },
      problem: expect.stringMatching(/^REDIS_TLS_CA_FILE cannot be used: /),
    },
    {
      with: { JWT_JWKS_URL: 'https://login.example/keys' },
      problem: 'JWT_JWKS_URL and JWT_SECRET are both set: tokens are signed in one way, so set one',
    },
    {
      with: { JWT_ALGORITHMS: 'ES256' },
      problem: 'JWT_ALGORITHMS is only for JWT_JWKS_URL: JWT_SECRET always signs with HS256',
    },
    {
      with: { EVENT_WEBHOOK_URLS: 'https://shop.example/florin' },
      problem: 'EVENT_WEBHOOK_SECRET is not set: make one with: echo "whsec_$(openssl rand -base64 32)"',
    },
  ])('$problem', ({ with: changes, problem }) => {
    expect(problemsWith(changes)).toStrictEqual([problem])
  })

  test('all are told at once, in one order, with where they come from', () => {
    writeFileSync(join(folder, '.env'), 'SERVER_PORT=abc\nJWT_SECRET=short')
    writeFileSync(join(folder, 'config.yaml'), 'DB_PORT: x\n')
    expect(problemsOf(() => serve({ NODE_ENV: 'production', ENCRYPTION_KEY: 'short' }))).toStrictEqual([
      'STRIPE_SECRET_KEY is not set: take it from https://dashboard.stripe.com/apikeys',
      'STRIPE_WEBHOOK_SECRET is not set: take it from https://dashboard.stripe.com/webhooks',
      'JWT_SECRET has 5 characters; NODE_ENV=production asks for at least 32',
      'ENCRYPTION_KEY has 5 characters, it must have exactly 32 (or be base64:<32 bytes>) (from the environment)',
      'SERVER_PORT must be a whole number from 0 to 65535, not "abc" (from .env)',
      'DB_PORT must be a whole number from 0 to 65535, not "x" (from config.yaml)',
    ])
  })
})

describe('under NODE_ENV=production', () => {
  const inProduction = (changes: Record<string, string>) => problemsWith({ NODE_ENV: 'production', ...changes })

  test.each([
    { name: 'STRIPE_SECRET_KEY', value: 'sk_test_florin_sandbox', whose: "the sandbox's" },
    { name: 'STRIPE_WEBHOOK_SECRET', value: 'whsec_x,whsec_florin_sandbox', whose: "the sandbox's" },
    { name: 'JWT_SECRET', value: 'florin-sandbox-jwt-secret-not-for-production', whose: "the sandbox's" },
    { name: 'ENCRYPTION_KEY', value: 'florin-sandbox-encryption-key-32', whose: "the sandbox's" },
    { name: 'STRIPE_SECRET_KEY', value: 'sk_test_your_key', whose: 'the example from .env.example' },
    { name: 'STRIPE_WEBHOOK_SECRET', value: 'whsec_your_secret', whose: 'the example from .env.example' },
    { name: 'JWT_SECRET', value: 'your_jwt_secret', whose: 'the example from .env.example' },
    { name: 'ENCRYPTION_KEY', value: 'your_32_character_encryption_key', whose: 'the example from .env.example' },
  ])('$name may not be $whose', ({ name, value, whose }) => {
    expect(inProduction({ [name]: value })).toStrictEqual([
      `${name} is ${whose}, which everybody knows; NODE_ENV=production refuses it`,
    ])
    expect(problemsWith({ [name]: value })).toStrictEqual([])
  })

  test('secrets may not be short nor live keys or token keys travel in clear', () => {
    expect(inProduction({ JWT_SECRET: 'x'.repeat(31) })).toStrictEqual([
      'JWT_SECRET has 31 characters; NODE_ENV=production asks for at least 32',
    ])
    expect(inProduction({ STRIPE_SECRET_KEY: 'sk_live_x', STRIPE_API_BASE: 'http://stripe.example' })).toStrictEqual([
      'STRIPE_API_BASE must begin with https:// under NODE_ENV=production',
    ])
    expect(inProduction({ JWT_SECRET: '', JWT_JWKS_URL: 'http://login.example/keys' })).toStrictEqual([
      'JWT_JWKS_URL must begin with https:// under NODE_ENV=production',
    ])
    expect(inProduction({})).toStrictEqual([])
  })

  test('certificates must be checked', () => {
    expect(inProduction({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toStrictEqual([
      'NODE_TLS_REJECT_UNAUTHORIZED is 0: any certificate will do; NODE_ENV=production refuses it',
    ])
    expect(problemsWith({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toStrictEqual([])
    expect(inProduction({ NODE_TLS_REJECT_UNAUTHORIZED: '1' })).toStrictEqual([])
  })
})

test.each([
  { url: 'http://localhost:3000/events', problems: [] },
  { url: 'http://127.0.0.1/events, http://[::1]:3000/', problems: [] },
  { url: 'http://localhost.example/events', problems: ['must be on this machine: a sandbox contacts nobody else'] },
])('dev posts events to this machine only: $url', ({ url, problems }) => {
  const environment = { EVENT_WEBHOOK_URLS: url, EVENT_WEBHOOK_SECRET: `whsec_${'a'.repeat(32)}` }
  expect(problemsOf(() => readConfig({ environment, folder }, needs.dev))).toStrictEqual(
    problems.map((problem) => `EVENT_WEBHOOK_URLS ${problem}`),
  )
})

test('a command only looks at what it uses', () => {
  const environment = { ENCRYPTION_KEY: 'too short', STRIPE_SECRET_KEY: 'wrong', SERVER_PORT: '1', DB_PORT: 'x' }
  expect(readConfig({ environment, folder }, needs.dev).SERVER_PORT).toBe(1)
  expect(readConfig({ environment, folder }, needs.dev).STRIPE_SECRET_KEY).toBeUndefined()
  expect(problemsOf(() => readConfig({ environment, folder }, needs.migrate))).toHaveLength(1)
})

test('keys are the same key with the same id however they are written', () => {
  const base64 = `base64:${Buffer.from(complete.ENCRYPTION_KEY).toString('base64')}`
  const [text, bytes] = [complete.ENCRYPTION_KEY, base64].map((ENCRYPTION_KEY) =>
    serve({ ...complete, ENCRYPTION_KEY }),
  )
  expect(text?.ENCRYPTION_KEY).toStrictEqual(bytes?.ENCRYPTION_KEY)
  expect(text?.ENCRYPTION_KEY?.id).toMatch(/^[0-9a-f]{8}$/)
  const retired = serve({
    ...complete,
    ENCRYPTION_KEYS_RETIRED: `${'x'.repeat(32)}, ${base64}`,
  }).ENCRYPTION_KEYS_RETIRED
  expect(retired).toHaveLength(2)
  expect(retired[1]?.id).toBe(text?.ENCRYPTION_KEY?.id)
})

test('USER_ID_PATTERN holds for the whole id', () => {
  const { USER_ID_PATTERN } = serve({ ...complete, USER_ID_PATTERN: 'u_[0-9]+|admin' })
  expect(['u_12', 'admin', 'u_12x', 'xadmin'].map((id) => USER_ID_PATTERN?.test(id))).toStrictEqual([
    true,
    true,
    false,
    false,
  ])
})

test('what is shown of the configuration holds no secret', () => {
  const secrets = {
    ...complete,
    DATABASE_URL: 'postgres://u:hidden1@h/d',
    DB_PASSWORD: 'hidden2',
    REDIS_URL: 'redis://:hidden3@h',
    REDIS_PASSWORD: 'hidden4',
    METRICS_TOKEN: 'hidden5',
    ENCRYPTION_KEYS_RETIRED: 'hidden6'.padEnd(32, 'x'),
  }
  const environment = { ...secrets, CORS_ORIGINS: 'https://a.example', USER_ID_PATTERN: '[a-z]+' }
  const shown = shownSettings(gatherSettings({ environment, folder }).settings, [])
  const settings = new Map(shown.map(({ name, value }) => [name, value]))
  for (const name of Object.keys(secrets)) expect(settings.get(name)).toBe('[set]')
  expect(JSON.stringify(shown)).not.toContain('hidden')
  expect(Object.fromEntries(settings)).toMatchObject({
    SERVER_PORT: '9097',
    CORS_ORIGINS: 'https://a.example',
    USER_ID_PATTERN: '[a-z]+',
    STRIPE_API_BASE: '',
    IP_ALLOWLIST: '',
  })
  expect(shown.map(({ name }) => name).toSorted()).toStrictEqual([...variableNames].sort())
})

test.each([
  { key: 'sk_live_x', rate: '100' },
  { key: 'rk_test_x', rate: '25' },
])('the calls to Stripe that are shown are those of the key: $key', ({ key, rate }) => {
  const { settings } = gatherSettings({ environment: { STRIPE_SECRET_KEY: key }, folder })
  expect(shownSettings(settings, [])).toContainEqual({
    ...{ name: 'STRIPE_RATE_LIMIT_PER_SECOND', value: rate, from: 'default' },
  })
})
