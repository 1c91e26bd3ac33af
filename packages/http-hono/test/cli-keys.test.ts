import { randomBytes } from 'node:crypto'
import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin, system } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import { afterAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../../adapter-postgres/test/fresh-database.ts'
import { readEncryptionKey } from '../src/cli/encryption-key.ts'
import { runFlorin } from './run-command.ts'

const old = '0123456789abcdef0123456789abcdef'
const fresh = `base64:${randomBytes(32).toString('base64')}`
const database = await freshDatabase()
afterAll(() => database.close())
const pool = database.pool()

/** Runs `florin` in this process with a current key and those that are retired. */
async function florin(args: readonly string[], current: string, retired?: string) {
  const ring = { ENCRYPTION_KEY: current, ...(retired !== undefined && { ENCRYPTION_KEYS_RETIRED: retired }) }
  const { code, printed, complained } = await runFlorin(args, { DATABASE_URL: database.url, ...ring })
  return { code, printed, complained: complained.join('\n') }
}

const sandbox = createStripeSandbox({ seed: database.url })

function server(current: string) {
  return createFlorin({
    storage: postgresStorage({ database: fromPool(pool) }),
    cipher: nodeCipher({ current: readEncryptionKey(current) }),
    gateway: stripeGateway({
      stripe: stripeClient({ secretKey: 'sk_test_keys', fetch: sandbox.fetch }),
      webhookSecrets: ['whsec_keys'],
    }),
  })
}

describe('florin keys', () => {
  test('rotates, after which the old key opens nothing and the new one everything', { timeout: 60_000 }, async () => {
    const ids: string[] = []
    for (const userId of ['alice', 'bob', 'carol']) {
      const order = {
        userId,
        amount: 1000,
        currency: 'USD',
        paymentMethod: 'pm_card_visa',
        description: `of ${userId}`,
      }
      ids.push((await server(old).payments.create(order, { actor: system })).data.id)
    }
    expect(await florin(['keys', 'verify', '--full'], old)).toMatchObject({ code: 0, printed: [] })

    const ringKey = readEncryptionKey(fresh).id
    expect(await florin(['keys', 'rotate'], fresh, old)).toMatchObject({
      code: 0,
      printed: ['3 data keys wrapped again under ENCRYPTION_KEY.'],
    })
    expect(await florin(['keys', 'rotate'], fresh, old)).toMatchObject({
      printed: ['0 data keys wrapped again under ENCRYPTION_KEY.'],
    })

    const forgotten = await florin(['keys', 'rotate'], `base64:${randomBytes(32).toString('base64')}`)
    expect(forgotten).toMatchObject({
      code: 1,
      printed: [
        '0 data keys wrapped again under ENCRYPTION_KEY.',
        `3 data keys are under ${ringKey}, which is not in the ring: put it into ENCRYPTION_KEYS_RETIRED`,
      ],
    })

    const withNew = await florin(['keys', 'verify', '--full'], fresh)
    expect(withNew).toMatchObject({ code: 0, printed: [] })
    expect(withNew.complained).toContain(`Data keys: 3 under ${ringKey}; 0 destroyed.`)
    expect(withNew.complained).toMatch(/Values: [1-9]\d+ opened, 0 of erased users, 0 broken \(all values\)/)
    expect((await server(fresh).payments.get(ids[0] ?? '', system)).description).toBe('of alice')

    const withOld = await florin(['keys', 'verify', '--full'], old)
    expect(withOld.code).toBe(1)
    expect(withOld.complained).toMatch(/Values: 0 opened, 0 of erased users, [1-9]\d+ broken/)
    expect(withOld.printed.filter((line) => line.startsWith('data_keys  key_'))).toHaveLength(3)
    for (const id of ids) await expect(server(old).payments.get(id, system)).rejects.toThrow(`no key ${ringKey}`)
  })

  test('names the row of a value that was moved there, and exits 1', async () => {
    await pool.query(
      `update transactions set description = (select description from transactions order by id limit 1)
       where id = (select max(id) from transactions)`,
    )
    const { rows } = await pool.query('select max(id) as id from transactions')
    expect(await florin(['keys', 'verify'], fresh)).toMatchObject({
      code: 1,
      printed: [
        `transactions  ${rows[0].id}  description  a sealed value does not open at transactions.description.${rows[0].id}`,
      ],
    })
  })

  test('takes --full with verify only', async () => {
    expect(await florin(['keys', 'rotate', '--full'], fresh)).toMatchObject({ code: 2 })
  })
})
