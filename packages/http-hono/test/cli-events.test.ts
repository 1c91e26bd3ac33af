import { fromPool, postgresStorage } from '@florin/adapter-postgres'
import { createFlorin } from '@florin/core'
import { nodeCipher } from '@florin/core/node'
import { stripeClient, stripeGateway } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'
import { afterAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../../adapter-postgres/test/fresh-database.ts'
import { readEncryptionKey } from '../src/cli/encryption-key.ts'
import { runFlorinForText } from './run-command.ts'

const ENCRYPTION_KEY = '0123456789abcdef0123456789abcdef'
const database = await freshDatabase()
afterAll(() => database.close())
const pool = database.pool()

/** Runs `florin` in this process, with what the command needs and nothing more. */
const florin = (...args: string[]) => runFlorinForText(args, { DATABASE_URL: database.url, ENCRYPTION_KEY })

/** A server over the same database, which gives an event up at its first failure. */
function server() {
  const sandbox = createStripeSandbox({ seed: database.url })
  return createFlorin({
    storage: postgresStorage({ database: fromPool(pool) }),
    cipher: nodeCipher({ current: readEncryptionKey(ENCRYPTION_KEY) }),
    gateway: stripeGateway({
      stripe: stripeClient({ secretKey: 'sk_test_events', fetch: sandbox.fetch }),
      webhookSecrets: ['whsec_events'],
    }),
    settings: { eventAttempts: 1 },
  })
}

describe('florin events', () => {
  test('lists what was given up, and has it told again, once', { timeout: 60_000 }, async () => {
    const one = server()
    const input = { userId: 'alice', amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
    const { data: payment } = await one.payments.create(input, { actor: { id: 'shop', roles: ['service'] } })
    expect(await florin('events', 'list')).toStrictEqual({ code: 0, printed: '', complained: 'No event is dead.' })
    const waiting = await florin('events', 'list', '--status', 'pending')
    expect(waiting.printed).toMatch(
      /^event_\w+ {2}\S+Z {2}payment\.succeeded {2}tx_\w+ {2}pending after 0 attempts {2}due/,
    )

    const off = one.on('payment.succeeded', () => {
      throw new Error('no')
    })
    expect(await one.maintenance.dispatch()).toMatchObject({ dead: 1 })
    off()
    const { printed } = await florin('events', 'list')
    expect(printed).toContain(`payment.succeeded  ${payment.id}  dead after 1 attempts`)
    const [id = ''] = printed.split(' ')
    const told: string[] = []
    one.on('payment.succeeded', (event) => told.push(event.id))
    await one.maintenance.dispatch()
    expect(told).toEqual([])
    const retried = await florin('events', 'retry', id)
    expect(retried).toMatchObject({ code: 0, printed: expect.stringMatching(`${id} .* pending after 0 attempts`) })

    // Two servers at once, on a real database: one of them takes it.
    const other = server()
    other.on('payment.succeeded', (event) => told.push(event.id))
    await Promise.all([one, other, one, other].map(({ maintenance }) => maintenance.dispatch()))
    expect(told).toEqual([id])
    expect(await florin('events', 'retry', id)).toMatchObject({
      code: 1,
      complained: `florin events: event ${id} is delivered; only dead ones are told again`,
    })
  })

  test.each([
    { args: ['retry'], says: /needs the id/, code: 2 },
    { args: ['retry', 'event_none'], says: /no event event_none/, code: 1 },
    { args: ['retry', 'tx_1'], says: /must be an id such as event_/, code: 1 },
    { args: ['retry', 'event_1', 'event_2'], says: /does not know "event_2"/, code: 2 },
    { args: ['list', 'event_1'], says: /list does not know "event_1"/, code: 2 },
    { args: ['list', '--status', 'delivered'], says: /--status delivered is none/, code: 2 },
    { args: [], says: /needs one of: list, retry/, code: 2 },
  ])('$args: exits $code and says what is wrong', async ({ args, says, code }) => {
    expect(await florin('events', ...args)).toMatchObject({
      code,
      printed: '',
      complained: expect.stringMatching(says),
    })
  })
})
