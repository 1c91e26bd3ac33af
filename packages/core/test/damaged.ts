import { must } from '../src/errors.ts'
import { one, type Storage } from '../src/ports/storage.ts'
import type { StoredTables } from '../src/ports/tables.ts'

// Not the last character: some of its bits may stand for nothing.
const alteredText = (sealed: string | null) =>
  must(sealed, 'a sealed text').replace(/.(?=.{8}$)/, (one) => (one === 'A' ? 'B' : 'A'))

/** Alters what is stored as a payment's description, so that it does not open; answers how to bring it back. */
export async function damagePayment(storage: Storage<StoredTables>, id: string): Promise<() => Promise<void>> {
  const put = async (alter: (description: string | null) => string | null) => {
    const row = must((await storage.load({ row: one('transactions', { id }) })).row, 'the payment')
    const changes = [{ table: 'transactions', row: { ...row, description: alter(row.description) } } as const]
    await storage.commit({ id: `damage_${id}_${row.version}`, changes })
    return row.description
  }
  const whole = await put(alteredText)
  return async () => void (await put(() => whole))
}

/** Alters what is stored as an event's body, so that it does not open. */
export async function damageEvent(storage: Storage<StoredTables>, id: string): Promise<void> {
  const row = must((await storage.load({ row: one('webhook_events', { id }) })).row, 'the event')
  const payload = must(row.payload, 'its body').map((byte, index, { length }) => (index === length - 9 ? ~byte : byte))
  await storage.commit({ id: `damage_${id}`, changes: [{ table: 'webhook_events', row: { ...row, payload } }] })
}
