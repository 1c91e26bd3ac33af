import { canonicalJson, type Json } from '../json.ts'
import { gatewayIdOf, type ObjectRow, type ObjectTable, tableOf } from '../observations/object-kinds.ts'
import type { Observation } from '../observations/observation.ts'
import { findRow, type RowSet } from '../observations/row-set.ts'
import { refundsIn } from '../payments/observe-payment.ts'
import { sealedIn } from '../ports/tables.ts'

/** A field that is stored otherwise than it is. What is stored encrypted is named without its values. */
export interface DifferentField {
  readonly field: string
  readonly stored: Json
  readonly actual: Json
}

/** An object whose row is not what the gateway tells. Ids, states and sums; never personal data, never a secret. */
export type Difference = {
  readonly object: Observation['object']
  readonly table: ObjectTable
  /** Our id; null where there is no row. */
  readonly id: string | null
  readonly gatewayId: string
} & (
  | { readonly what: 'different'; readonly fields: readonly DifferentField[] }
  | { readonly what: 'missing' }
  | { readonly what: 'unknown_at_gateway' }
)

/**
 * What is not compared: how Florin came to know a row, what the gateway makes anew for each reader (links, secrets), and
 * what is Florin's own.
 */
const notCompared: ReadonlySet<string> = new Set([
  ...['version', 'createdAt', 'updatedAt', 'observed', 'ties', 'inDoubt', 'dueAt'],
  ...['clientSecret', 'nextAction', 'hostedInvoiceUrl', 'invoicePdf'],
  ...['description', 'metadata', 'reference', 'duplicateOf', 'isPrimary'],
])

/** Fields whose values are told to nobody: those that are encrypted where they are stored. */
const hidden: ReadonlySet<string> = new Set(
  Object.values(tableOf)
    .flatMap(sealedIn)
    .map(({ column }) => column),
)

/** A value as it may be told. */
const shown = (field: string, value: Json): Json => (hidden.has(field) ? '(not shown)' : value)

/** The fields in which two rows differ. A row that is not there has no fields. */
export function differentFields(stored: ObjectRow | undefined, actual: ObjectRow): readonly DifferentField[] {
  const [before, after] = [plain(stored), plain(actual)]
  return Object.keys(after)
    .filter((field) => !notCompared.has(field) && canonicalJson(before[field]) !== canonicalJson(after[field]))
    .map((field) => ({
      field,
      stored: shown(field, before[field] ?? null),
      actual: shown(field, after[field] ?? null),
    }))
}

/** A row by the names of its columns. Every column that is compared holds JSON. */
const plain = (row: ObjectRow | undefined): Readonly<Record<string, Json>> =>
  JSON.parse(JSON.stringify(row ?? {}, (key, value: unknown) => (notCompared.has(key) ? undefined : value)))

/**
 * What differs between an object's row and the truth. `isOwnerInDoubt`: the user of its customer is stored wrong, and so
 * does not tell whose the object is.
 */
export function compare(
  { object, gatewayId }: Pick<Observation, 'object' | 'gatewayId'>,
  { rows, truth, isOwnerInDoubt }: { rows: RowSet; truth: RowSet; isOwnerInDoubt: boolean },
): Difference | undefined {
  const table = tableOf[object]
  const isIt = (row: ObjectRow) => gatewayIdOf(row) === gatewayId
  const stored = findRow<ObjectTable>(rows, table, isIt)
  const actual = findRow<ObjectTable>(truth, table, isIt)
  // Of no use here, such as a payment method that never had a customer.
  if (!actual) return undefined
  if (!stored) {
    // An operation waits for the answer in which it was made: recovery's affair.
    const isAwaited = findRow<ObjectTable>(rows, table, (row) => row.id === actual.id) !== undefined
    return isAwaited ? undefined : { object, table, id: null, gatewayId, what: 'missing' }
  }
  const excused: Partial<Record<string, boolean>> = {
    userId: isOwnerInDoubt && object !== 'customer',
    chargeRefunded: isExplained(stored, truth),
    // No webhook tells what pays an invoice: it follows when the row is read next.
    paymentGatewayId: 'attemptCount' in stored && stored.paymentGatewayId === null && stored.dueAt !== null,
  }
  const fields = differentFields(stored, actual).filter(({ field }) => excused[field] !== true)
  return fields.length === 0 ? undefined : { object, table, id: stored.id, gatewayId, what: 'different', fields }
}

/**
 * The charge's own figure may be an older one: no event tells it anew when a refund fails, and not every one when a refund
 * is made. It is wrong where what the refunds did since does not lead from it to the one of today.
 */
function isExplained(stored: ObjectRow, truth: RowSet): boolean {
  const actual = findRow(truth, 'transactions', ({ id }) => id === stored.id)
  if (!actual || !('chargeRefunded' in stored)) return false
  const toldAt = stored.observed.charge?.stamp ?? 0
  let figure = stored.chargeRefunded
  for (const { status, amount, gatewayCreated } of refundsIn(truth, actual)) {
    if (gatewayCreated === null) continue
    const failed = status === 'failed' || status === 'canceled'
    if (failed && gatewayCreated <= toldAt) figure -= amount
    if (!failed && gatewayCreated > toldAt) figure += amount
  }
  return figure === actual.chargeRefunded
}
