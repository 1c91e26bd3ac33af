import { afterAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../../adapter-postgres/test/fresh-database.ts'
import { runFlorinForText } from './run-command.ts'

const empty = await freshDatabase({ migrated: false })
afterAll(() => empty.close())

const settings = {
  ...{
    STRIPE_SECRET_KEY: 'sk_test_database',
    STRIPE_API_BASE: 'http://127.0.0.1:1',
    STRIPE_RATE_LIMIT_PER_SECOND: '0',
  },
  ...{ ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef', AUDIT_KEY: '0123456789abcdef0123456789abcdeg' },
  LOG_LEVEL: 'silent',
}

const commands: readonly (readonly string[])[] = [
  ['recover'],
  ['reconcile'],
  ['import'],
  ['webhooks', 'list'],
  ['events', 'list'],
  ['users', 'erase', 'user_1'],
  ['keys', 'rotate'],
  ['keys', 'verify'],
  ['audit', 'verify'],
  ['audit', 'seal'],
  ['audit', 'rebase'],
  ['audit', 'detach', '--before', '2026-01-01'],
  ['prune'],
  ['doctor', '--drift', '--full'],
]

describe('florin', () => {
  test.each(commands.map((args) => ({ args, line: args.join(' ') })))(
    '$line: says what to do where there are no tables',
    async ({ args }) => {
      const { code, complained } = await runFlorinForText(args, { ...settings, DATABASE_URL: empty.url })
      expect(complained).toMatch(/^florin \w+: the database lacks \d+ migrations .*: run florin migrate up$/)
      expect(code).toBe(1)
    },
  )

  const all = [...commands, ...['up', 'down', 'status', 'check'].map((word) => ['migrate', word])]
  test.each(all.map((args) => ({ args, line: args.join(' ') })))(
    '$line: exits 75 and says why where the database does not answer',
    async ({ args }) => {
      const away = 'postgres://somebody:secret@127.0.0.1:1/none'
      const { code, complained } = await runFlorinForText(args, { ...settings, DATABASE_URL: away })
      expect(complained).toMatch(
        /^florin \w+: PostgreSQL at 127\.0\.0\.1:1\/none does not answer: connect ECONNREFUSED.*$/,
      )
      expect(code).toBe(75)
    },
  )
})
