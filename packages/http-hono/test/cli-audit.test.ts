import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { aStoredRow, commit, put } from '@florin/core/testing'
import { afterAll, expect, test } from 'vitest'
import { startPostgres } from '../../../test/services/postgres.ts'
import { freshDatabase } from '../../adapter-postgres/test/fresh-database.ts'
import { backgroundWork, sealing } from '../src/cli/background-work.ts'
import { createLogger } from '../src/logger.ts'
import { runFlorinForText } from './run-command.ts'

const AUDIT_KEY = '0123456789abcdef0123456789abcdef'
// What is sealed waits for every transaction of the server's, so those of other tests must not be among them.
const server = await startPostgres()
const database = await freshDatabase({ server: server.url })
afterAll(async () => {
  await database.close()
  await server.stop()
})
const pool = database.pool()

const florin = (args: readonly string[], environment: Readonly<Record<string, string>> = { AUDIT_KEY }) =>
  runFlorinForText(['audit', ...args], { DATABASE_URL: database.url, ...environment })

const storage = postgresStorage({ database: fromPool(pool) })
const written = async () => {
  const line = aStoredRow('audit_log')
  await commit(storage, put('audit_log', line))
  return line.id
}

test('seals, verifies with the public half alone, and exits 1 naming what was altered', {
  timeout: 60_000,
}, async () => {
  const [first] = [await written(), await written()]
  expect((await florin(['verify'])).printed).toMatch(/^0 rows in 0 seals.*\n2 rows are not sealed yet, the oldest of 2/)
  const sealed = await florin(['seal'])
  expect(sealed.printed).toMatch(/^sealed 2 rows {2}1:[0-9a-f]{64}$/)
  const head = sealed.printed.split('  ')[1] ?? ''

  const { printed: publicKey } = await florin(['key'])
  const { printed } = await florin(['verify', '--head', head], { AUDIT_PUBLIC_KEYS: publicKey })
  expect(printed).toContain('2 rows in 1 seals are as they were sealed.\n0 rows are not sealed yet.')
  expect(printed).toContain(`--head another time: ${head}`)

  await pool.query(
    `set session_replication_role = replica; update audit_log set outcome = 'forged' where id = '${first}'`,
  )
  expect(await florin(['verify'])).toMatchObject({
    code: 1,
    complained: `Row ${first} was altered after it was sealed (seal 1).`,
  })
  expect((await florin(['detach', '--before', '2100-01-01'])).complained).toContain('Nothing was detached')
  await pool.query(`update audit_log set outcome = 'intended' where id = '${first}'`)
  await pool.query('reset session_replication_role')
  const other = await florin(['verify', '--head', `1:${'0'.repeat(64)}`])
  expect(other).toMatchObject({ code: 1, complained: expect.stringContaining('Seal 1 is not the one that was told') })
})

test('detaches what is over', { timeout: 60_000 }, async () => {
  expect((await florin(['detach', '--before', '2020-01-01'])).printed).toBe('No partition ends before that time.')
  const done = await florin(['detach', '--before', '2100-01-01'])
  expect(done).toMatchObject({ code: 0, printed: expect.stringMatching(/^detached {2}audit_log_until_\d{8}\n/) })
  expect((await florin(['verify'])).printed).toMatch(/^Rows of before 2\S+Z were detached/)
})

test.each([
  [['verify'], {}, 78, 'AUDIT_KEY'],
  [['seal'], {}, 78, 'AUDIT_KEY'],
  [['key'], {}, 78, 'openssl rand'],
  [['verify', '--head', '7'], { AUDIT_KEY }, 2, '--head must be'],
  [['detach'], { AUDIT_KEY }, 2, '--before'],
  [['detach', '--before', 'yesterday'], { AUDIT_KEY }, 2, 'is no date'],
  [['verify'], { AUDIT_KEY: 'short' }, 78, 'must have exactly 32'],
] as const)('%j says what it needs', async (args, environment, code, message) => {
  const ended = await florin(args, environment)
  expect(ended.code).toBe(code)
  expect(ended.complained).toContain(message)
})

test('the server logs the head of each seal, and says aloud where seals went back', { timeout: 60_000 }, async () => {
  const lines: string[] = []
  // The server's own logger: what it redacts is of no use to anybody.
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
  const logged = (level: 'INFO' | 'ERROR') =>
    lines.map((line): Record<string, unknown> => JSON.parse(line)).filter((line) => line.level === level)
  let isBack = false
  const sealer = {
    async seal() {
      if (isBack) {
        const { DefectError } = await import('@florin/core')
        throw new DefectError('seal 1 is not the one that was there before')
      }
      isBack = true
      return { seq: 1, head: 'ab', keyId: 'k', signature: 'cd', rows: 1000, isMore: true }
    },
  }
  const work = backgroundWork({ maintenance: nothing }, logger, [sealing(sealer, logger)])
  work.start()
  await expect.poll(() => logged('ERROR').length, { timeout: 20_000 }).toBeGreaterThan(0)
  await work.stop()
  expect(logged('INFO')).toMatchObject([
    { seq: 1, head: 'ab', key_id: 'k', head_signature: 'cd', rows: 1000, message: 'audit log sealed' },
  ])
  expect(logged('ERROR')[0]).toMatchObject({ job: 'seal audit log' })
})

const nothing = {
  recover: async () => ({ settled: 0, settledIds: [], open: [] }),
  refresh: async () => ({ read: 0, changed: 0 }),
  retryWebhooks: async () => ({ processed: 0, ignored: 0, failed: 0, duplicate: 0 }),
  refundDuplicates: async () => ({ refunded: 0, left: 0, open: 0 }),
  dispatch: async () => ({ delivered: 0, failed: 0, dead: 0 }),
  erase: async () => ({ erased: 0, left: [] }),
  prune: async () => ({
    pruned: { operations: 0, payloads: 0, event_data: 0, leases: 0, webhook_events: 0 },
    ...{ made: [], dropped: [], isMore: false },
  }),
}
