import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { defaultSettings } from '@florin/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RECONCILE_EVERY_MS } from '../src/cli/compose.ts'
import { rulesOf } from '../src/cli/compose-app.ts'
import { ConfigError, readConfig } from '../src/cli/config.ts'
import { needs } from '../src/cli/config-needs.ts'
import { configurationPage } from '../src/cli/configuration-page.ts'
import { describedVariables } from '../src/cli/described-variables.ts'
import { envExample } from '../src/cli/env-example.ts'
import { DELAY_MS } from '../src/cli/serve.ts'
import { gatherSettings } from '../src/cli/setting-sources.ts'
import { readDuration } from '../src/cli/value-types.ts'
import { variableNames, variables } from '../src/cli/variables.ts'
import { yamlExample } from '../src/cli/yaml-example.ts'

const complete = {
  STRIPE_SECRET_KEY: 'sk_test_abc',
  STRIPE_WEBHOOK_SECRET: 'whsec_abc',
  JWT_SECRET: 'a secret of more than thirty-two characters',
  ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
}

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

describe('what is made from the variables', () => {
  test.each([
    { file: '.env.example', make: envExample, form: 'env' },
    { file: 'config.example.yaml', make: yamlExample, form: 'yaml' },
    { file: 'docs/configuration.md', make: configurationPage, form: 'page' },
  ])('$file is current; make it with: pnpm --silent florin config --example $form > $file', ({ file, make }) => {
    expect(readFileSync(join(import.meta.dirname, '../../..', file), 'utf8')).toBe(make())
  })

  // Two settings that exclude each other, and files that are not there: everything else fits.
  const problemsOfAll = [
    'JWT_JWKS_URL and JWT_SECRET are both set: tokens are signed in one way, so set one',
    'TLS_CERT_FILE names /etc/florin/tls.crt, which does not exist',
    'TLS_KEY_FILE names /etc/florin/tls.key, which does not exist',
    'DB_SSL_CA_FILE names /etc/florin/postgres-ca.crt, which does not exist',
    'REDIS_TLS_CA_FILE names /etc/florin/redis-ca.crt, which does not exist',
  ]

  test('.env.example starts a server that is not in production, with and without its comments', () => {
    writeFileSync(join(folder, '.env'), envExample())
    expect(serve({})).toMatchObject({ SERVER_PORT: 9097, DB_NAME: 'payment_db' })
    writeFileSync(join(folder, '.env'), envExample().replaceAll(/^#([A-Z_]+=)/gm, '$1'))
    const absent = 'CONFIG_FILE names config.yaml, which does not exist'
    expect(problemsOf(() => serve({})).toSorted()).toStrictEqual([...problemsOfAll, absent].toSorted())
  })

  test('config.example.yaml says nothing as it is, and the same as .env.example but for what is only to try', () => {
    writeFileSync(join(folder, 'config.yaml'), yamlExample())
    expect(serve(complete)).toMatchObject({ SERVER_PORT: 9097, DB_NAME: 'payment_db' })
    writeFileSync(join(folder, 'config.yaml'), yamlExample().replaceAll(/^#([A-Z_]+:)/gm, '$1'))
    expect(problemsOf(() => serve({})).toSorted()).toStrictEqual(problemsOfAll.toSorted())
    const { settings } = gatherSettings({ environment: {}, folder })
    const inEnv = parseEnv(envExample().replaceAll(/^#([A-Z_]+=)/gm, '$1'))
    for (const [name, text] of Object.entries({ ...inEnv, REQUIRE_IDEMPOTENCY_KEY: 'true' })) {
      expect(settings).toHaveProperty(name, { value: text, from: 'config.yaml' })
    }
  })

  test('.env.example takes payments without a key, and says why and until when', () => {
    writeFileSync(join(folder, '.env'), envExample())
    expect(serve({})).toMatchObject({ REQUIRE_IDEMPOTENCY_KEY: false })
    expect(envExample()).toMatch(/^# .*should go in production.*\n(#.*\n)?REQUIRE_IDEMPOTENCY_KEY=false$/m)
  })

  test('the defaults that are told are those that hold', () => {
    const told = new Map([...describedVariables().values()].flat().map((it) => [it.name, it.default]))
    const written = [...told].filter(([, text]) => text !== '')
    const { userIdPattern, requireIdempotencyKey, ...rules } = rulesOf(variables.parse(Object.fromEntries(written)))
    expect(Object.keys(rules)).toEqual(
      expect.arrayContaining(['paymentRecoveryWindowMs', 'idempotencyKeyMs', 'sweepAfterMs', 'operationRetentionMs']),
    )
    expect(defaultSettings).toMatchObject(rules)
    expect(requireIdempotencyKey).toBe(true)
    expect(`^${told.get('USER_ID_PATTERN')}$`).toBe(defaultSettings.userIdPattern.source)
    expect(readDuration(told.get('RECONCILE_EVERY') ?? '')).toBe(RECONCILE_EVERY_MS)
    expect(readDuration(told.get('SHUTDOWN_DELAY') ?? '')).toBe(DELAY_MS)
  })

  test('docs/configuration.md names every variable and no secret', () => {
    const page = configurationPage()
    for (const name of variableNames) expect(page).toContain(`| \`${name}\` |`)
    expect(page).toMatch(/\| `IDEMPOTENCY_KEY_TTL` \| [^|]*answered\. \| `24h` \|/)
    expect(page).not.toMatch(/sk_test_|whsec_A|32_character|your_/)
  })
})
