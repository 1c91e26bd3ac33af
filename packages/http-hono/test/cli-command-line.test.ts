import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jwtAuthenticator } from '../src/auth.ts'
import { runCommandLine } from '../src/cli/command-line.ts'
import { commands } from '../src/cli/commands.ts'
import { needs } from '../src/cli/config-needs.ts'
import { envExample } from '../src/cli/env-example.ts'
import { variableNames } from '../src/cli/variables.ts'
import { yamlExample } from '../src/cli/yaml-example.ts'
import { startFlorin, temporaryFolder } from './cli-process.ts'

/** Runs a command in this process. */
async function florin(
  args: readonly string[],
  environment: Record<string, string> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const [printed, complained]: [string[], string[]] = [[], []]
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const code = await runCommandLine(args, {
    ...{ environment, folder },
    print: (line) => printed.push(line),
    complain: (line) => complained.push(line),
  })
  return { code, printed: printed.join('\n'), complained: complained.join('\n') }
}

const missing = [
  'STRIPE_SECRET_KEY      is not set: take it from https://dashboard.stripe.com/apikeys',
  'STRIPE_WEBHOOK_SECRET  is not set: take it from https://dashboard.stripe.com/webhooks',
  'JWT_SECRET             is not set: make one with: openssl rand -base64 48 (or set JWT_JWKS_URL)',
  'ENCRYPTION_KEY         is not set: make one with: echo "base64:$(openssl rand -base64 32)"',
]

describe('florin', { timeout: 60_000 }, () => {
  test('--help names every command', async () => {
    const { code, printed } = await florin(['--help'])
    expect(code).toBe(0)
    for (const { name, about } of commands) {
      expect(printed.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim())).toContain(`${name} ${about}`)
    }
    expect(await florin([])).toMatchObject({ code: 2, printed })
  })

  test.each(commands.map(({ name, flags }) => ({ name, flags: Object.keys(flags) })))(
    '$name --help names every flag',
    async ({ name, flags }) => {
      const { code, printed } = await florin([name, '--help'])
      expect(code).toBe(0)
      for (const flag of flags) expect(printed).toContain(`--${flag}`)
    },
  )

  test.each([
    { args: ['serv'], says: 'florin: there is no command serv; is serve meant? (florin --help)' },
    { args: ['dev', '--prot', '1'], says: 'florin dev: there is no flag --prot; is --port meant? (florin dev --help)' },
    { args: ['serve', '--bogus'], says: 'florin serve: there is no flag --bogus (florin serve --help)' },
    { args: ['dev', 'now'], says: 'florin dev: does not know "now" (florin dev --help)' },
    { args: ['migrate'], says: 'florin migrate: needs one of: up, down, status, check' },
    { args: ['migrate', 'sideways'], says: 'florin migrate: does not know "sideways" (florin migrate --help)' },
    { args: ['token', '--role', 'user'], says: 'florin token: --sub is missing: whose token should it be?' },
    {
      args: ['token', '--sub', 'system', '--role', 'user'],
      says: 'florin token: --sub system is how Florin names itself: no server takes such a token',
    },
    {
      args: ['token', '--sub', 'a'],
      says: 'florin token: --role is missing: give one or more of user, support, service, admin',
    },
    {
      args: ['token', '--sub', 'a', '--role', 'boss'],
      says: 'florin token: --role boss is no role: give user, support, service, admin',
    },
    {
      args: ['token', '--sub', 'a', '--role', 'user', '--ttl', 'long'],
      says: 'florin token: --ttl long is no time: give something like 15m, 1h or 30d',
    },
    {
      args: ['sandbox', '--forward-to', 'nowhere'],
      says: 'florin sandbox: --forward-to must be a URL such as http://localhost:9097/api/v1/webhooks/stripe',
    },
  ])('$args: exits 2 and says what is wrong', async ({ args, says }) => {
    expect(await florin(args)).toStrictEqual({ code: 2, printed: '', complained: says })
  })

  test('help of a command is what --help of it says, and knows no other', async () => {
    expect(await florin(['help', 'serve'])).toStrictEqual(await florin(['serve', '--help']))
    expect(await florin(['help'])).toStrictEqual(await florin(['--help']))
    const unknown = 'florin: there is no command serv; is serve meant? (florin --help)'
    expect(await florin(['help', 'serv'])).toStrictEqual({ code: 2, printed: '', complained: unknown })
  })

  test.each(['version', '--version'])('%s prints the version', async (arg) => {
    const file: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
    expect(file).toMatchObject({ version: (await florin([arg])).printed })
  })

  test.each([
    { where: 'runs', pid: process.pid },
    // No process has it.
    { where: 'ran', pid: 2 ** 30 },
  ])('a command that needs settings says so where a sandbox $where, and how that is asked', async ({ where, pid }) => {
    const { code, complained } = await florin(['webhooks', 'list'], {}, { '.florin/lock': String(pid) })
    expect(code).toBe(78)
    expect(complained).toContain('STRIPE_SECRET_KEY')
    expect(complained).toMatch(new RegExp(`^A sandbox ${where} here, .*GET /api/v1/webhook-events .*admin token`, 'm'))
  })

  test('nothing is said of a sandbox where there is none', async () => {
    expect((await florin(['webhooks', 'list'])).complained).not.toContain('sandbox')
  })

  test('a wrong value of a flag is told like a wrong setting, and as what it is', async () => {
    const { code, complained } = await florin(['dev', '--port', 'abc'])
    expect(code).toBe(78)
    expect(complained).toContain(
      'SERVER_PORT  must be a whole number from 0 to 65535, not "abc" (from the command line)',
    )
  })
})

describe('florin serve', { timeout: 60_000 }, () => {
  test('with nothing configured lists every missing variable and exits 78', async () => {
    const { code, complained } = await florin(['serve'])
    expect(code).toBe(78)
    expect(complained.split('\n').filter((line) => line.startsWith('  '))).toStrictEqual(
      missing.map((line) => `  ${line}`),
    )
    expect(complained).toContain('florin dev')
  })

  test('with an encryption key of 31 characters says so, and does not show it', async () => {
    const key = 'this-key-has-31-characters-only'
    const { code, complained } = await florin(['serve'], { ENCRYPTION_KEY: key })
    expect(code).toBe(78)
    expect(complained).toContain('ENCRYPTION_KEY         has 31 characters, it must have exactly 32')
    expect(complained).not.toContain(key)
  })

  test.each([
    { name: 'STRIPE_WEBHOOK_SECRET', environment: {} },
    { name: 'EVENT_WEBHOOK_SECRET', environment: { EVENT_WEBHOOK_URLS: 'https://shop.example/florin' } },
  ])('with $name empty but for a comma names it among what is wrong', async ({ name, environment }) => {
    const complete = {
      STRIPE_SECRET_KEY: 'sk_test_x',
      STRIPE_WEBHOOK_SECRET: 'whsec_x',
      JWT_SECRET: 'a secret of more than thirty-two characters',
      ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
    }
    const { code, complained } = await florin(['serve'], { ...complete, ...environment, [name]: ' , ' })
    expect(code).toBe(78)
    expect(complained.split('\n').filter((line) => line.startsWith('  '))).toStrictEqual([
      `  ${name}  must hold at least one value (from the environment)`,
    ])
  })

  test('in production refuses the secrets of the sandbox', async () => {
    const { code, complained } = await florin(['serve'], {
      NODE_ENV: 'production',
      STRIPE_SECRET_KEY: 'sk_test_florin_sandbox',
      STRIPE_WEBHOOK_SECRET: 'whsec_florin_sandbox',
      JWT_SECRET: 'florin-sandbox-jwt-secret-not-for-production',
      ENCRYPTION_KEY: 'florin-sandbox-encryption-key-32',
    })
    expect(code).toBe(78)
    expect(complained.match(/^ {2}\w+ +is the sandbox's, which everybody knows/gm)).toHaveLength(4)
  })
})

test('florin dev refuses production', async () => {
  const { code, complained } = await florin(['dev'], { NODE_ENV: 'production' })
  expect(code).toBe(78)
  expect(complained).toBe('florin dev: takes no real money, so NODE_ENV=production refuses it: use florin serve')
})

describe('florin run', { timeout: 60_000 }, () => {
  const ofServers = variableNames.filter((name) => !needs.dev.uses.includes(name))

  test('knows what only servers have', () => {
    expect(ofServers).toEqual(expect.arrayContaining(['DB_NAME', 'REDIS_TLS', 'ENCRYPTION_KEYS_RETIRED']))
    expect(ofServers).not.toContain('SERVER_PORT')
  })

  test.each(ofServers)('is serve with %s alone, and lists what is missing', async (name) => {
    const { code, complained } = await florin(['run', '--port', 'none'], { [name]: 'x' })
    expect(code).toBe(78)
    expect(complained).toContain(`${name} is set in the environment: florin serve\n`)
    expect(complained).toContain('STRIPE_SECRET_KEY')
  })

  test.each([
    { STRIPE_SECRET_KEY: 'sk_test_x' },
    { DATABASE_URL: 'postgres://localhost/payment_db' },
    { NODE_ENV: 'production' },
  ])('is serve with %o', async (environment) => {
    const { code, complained } = await florin(['run'], environment)
    expect(code).toBe(78)
    expect(complained).toMatch(/: florin serve\n/)
    expect(complained).toContain('ENCRYPTION_KEY')
  })

  test('is dev with nothing configured', async () => {
    const { code, complained } = await florin(['run', '--port', 'none', '--sandbox-port', 'none'])
    expect(code).toBe(78)
    expect(complained).toMatch(/^Nothing is configured: florin dev\n/)
    // Where the port is taken, dev says to choose another one by this flag.
    expect(complained).toContain('SANDBOX_PORT')
  })
})

describe('florin token', { timeout: 60_000 }, () => {
  const secret = 'a secret of more than thirty-two characters'
  const check = (token: string, options: Parameters<typeof jwtAuthenticator>[0]) =>
    jwtAuthenticator(options)(new Request('http://x', { headers: { Authorization: `Bearer ${token}` } }))

  test('prints a token that the server accepts', async () => {
    const args = ['token', '--sub', 'user_123', '--role', 'user', '--role', 'support']
    const { code, printed } = await florin(args, { JWT_SECRET: secret })
    expect(code).toBe(0)
    expect(await check(printed, { secret })).toStrictEqual({ id: 'user_123', roles: ['user', 'support'] })
    await expect(check(printed, { secret: `${secret}!` })).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('is valid as long as --ttl says, and an hour without', async () => {
    const validAfter = async (args: readonly string[], seconds: number) => {
      const { printed } = await florin(['token', '--sub', 'a', '--role', 'user', ...args], { JWT_SECRET: secret })
      // The server tolerates clocks that differ by 30 seconds.
      const clock = { now: () => Date.now() + (seconds + 30) * 1000 }
      return check(printed, { secret, clock }).then(
        () => true,
        () => false,
      )
    }
    expect(await validAfter([], 3500)).toBe(true)
    expect(await validAfter([], 3700)).toBe(false)
    expect(await validAfter(['--ttl', '30d'], 29 * 86_400)).toBe(true)
    expect(await validAfter(['--ttl', '15m'], 1000)).toBe(false)
  })

  test('carries the issuer and the audience that are configured', async () => {
    const configured = { JWT_SECRET: secret, JWT_ISSUER: 'https://login.example', JWT_AUDIENCE: 'payments' }
    const { printed } = await florin(['token', '--sub', 'a', '--role', 'user'], configured)
    await check(printed, { secret, issuer: 'https://login.example', audience: 'payments' })
  })

  test("uses the sandbox's secret where none is set, but not in production", async () => {
    const args = ['token', '--sub', 'a', '--role', 'admin']
    const { printed } = await florin(args)
    await check(printed, { secret: 'florin-sandbox-jwt-secret-not-for-production' })
    expect(await florin(args, { NODE_ENV: 'production' })).toMatchObject({ code: 78, printed: '' })
  })
})

describe('florin config', { timeout: 60_000 }, () => {
  const complete = {
    STRIPE_SECRET_KEY: 'sk_test_hidden',
    STRIPE_WEBHOOK_SECRET: 'whsec_hidden',
    JWT_SECRET: 'hidden',
    ENCRYPTION_KEY: 'hidden'.padEnd(32, 'x'),
  }

  test('shows what is in force and from where, and no secret', async () => {
    const files = { '.env': 'DB_NAME=of_dotenv\nREDIS_PASSWORD=hidden\n', 'config.yaml': 'server: { port: 4000 }\n' }
    const { code, printed, complained } = await florin(['config'], { ...complete, SWEEP_AFTER: '20m' }, files)
    expect({ code, complained }).toEqual({ code: 0, complained: '' })
    for (const line of [
      /^STRIPE_SECRET_KEY=\[set\] +# the environment$/m,
      /^REDIS_PASSWORD=\[set\] +# \.env$/m,
      /^DB_NAME=of_dotenv +# \.env$/m,
      /^SERVER_PORT=4000 +# config\.yaml$/m,
      /^SWEEP_AFTER=20m +# the environment$/m,
      /^SHUTDOWN_DELAY=5s +# default$/m,
      /^IDEMPOTENCY_KEY_TTL=24h +# default$/m,
      /^PAYLOAD_RETENTION=35d +# default$/m,
      /^LOG_LEVEL=info +# default$/m,
      /^METRICS_TOKEN= +# not set$/m,
    ]) {
      expect(printed).toMatch(line)
    }
    expect(printed).not.toContain('hidden')
  })

  test('goes on to its end, and complains of nothing, where nobody reads on, as before head', async () => {
    const folder = temporaryFolder()
    const running = startFlorin(['config'], { folder, environment: complete, isUnread: true })
    expect({ code: await running.ended(), said: running.output() }).toEqual({ code: 0, said: '' })
  })

  test('shows the rest where some is missing or wrong, then what is, and exits 78', async () => {
    const { code, printed, complained } = await florin(['config'], {
      ...{ STRIPE_SECRET_KEY: 'hidden', SERVER_PORT: 'abc', DB_NAME: 'shop' },
    })
    expect(code).toBe(78)
    for (const line of [
      /^STRIPE_SECRET_KEY=\[set\] +# the environment: wrong$/m,
      /^STRIPE_WEBHOOK_SECRET= +# missing$/m,
      /^SERVER_PORT=abc +# the environment: wrong$/m,
      /^DB_NAME=shop +# the environment$/m,
      /^DB_PORT=5432 +# default$/m,
    ]) {
      expect(printed).toMatch(line)
    }
    expect(complained).toMatch(/^florin serve cannot start: 5 settings are missing or wrong/)
    expect(complained).toContain('SERVER_PORT            must be a whole number from 0 to 65535, not "abc"')
    expect(printed + complained).not.toContain('hidden')
  })

  test('--example prints every setting in the form that is asked for, and knows no other form', async () => {
    expect(`${(await florin(['config', '--example', 'env'])).printed}\n`).toBe(envExample())
    expect(`${(await florin(['config', '--example', 'yaml'])).printed}\n`).toBe(yamlExample())
    expect(await florin(['config', '--example', 'constructor'])).toMatchObject({ code: 2, printed: '' })
  })
})
