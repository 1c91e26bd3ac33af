import { userOf } from '../customers/observe-customer.ts'
import type { Deps } from '../deps.ts'
import { UnavailableError } from '../errors.ts'
import { commitFacts } from '../events/commit-facts.ts'
import type { Fact } from '../events/domain-event.ts'
import { kinds, type ObjectTable, rowOf, tableOf } from '../observations/object-kinds.ts'
import type { Observation } from '../observations/observation.ts'
import { observe } from '../observations/observe.ts'
import { observingOf } from '../observations/observing.ts'
import { changesBetween, findRow, putRow, type RowSet, rowsOf } from '../observations/row-set.ts'
import { linkToPayment } from '../payments/observe-payment.ts'
import type { PaymentRow } from '../payments/payment.ts'
import { type Timestamp, timestamp } from '../time.ts'
import { freshFacts } from './fresh-facts.ts'
import { rowsAround } from './truth.ts'

const MOST_TRIES = 60

/**
 * Makes rows of what is not here yet, and fills in whose the rows are that were here before. Answers whether the target
 * itself was new.
 *
 * @throws `unavailable` storage_unavailable, overloaded
 */
export async function adopt(
  deps: Deps,
  target: Observation,
  observations: readonly Observation[],
  { emit }: { readonly emit: boolean },
): Promise<boolean> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if (tries > 0) await deps.runtime.wait(Math.min(5 * tries, 100))
    const rows = await rowsAround(deps, target, observations)
    const { rows: after, facts } = withNew(deps, rows, observations)
    const now = timestamp(deps.runtime.now())
    const told = emit ? facts : await freshFacts(deps, after, facts)
    const changes = changesBetween(rows, owned(rows, after, now))
    if ((await commitFacts(deps, changes, told, { now })) === 'committed') return !isKnown(rows, target)
  }
  throw new UnavailableError('overloaded', `${target.gatewayId} meets too many changes of it`, 'not_applied')
}

/** The rows with what was not among them. Customers are folded in always: their metadata may name a user by now. */
function withNew(deps: Deps, rows: RowSet, observations: readonly Observation[]) {
  const now = timestamp(deps.runtime.now())
  let after = rows
  const facts: Fact[] = []
  for (const observation of observations) {
    if (observation.object !== 'customer' && isKnown(rows, observation)) continue
    const next = observe(after, [observation], observingOf(deps, now))
    after = next.rows
    facts.push(...next.facts)
  }
  return { rows: after, facts }
}

/** Whether an object has its row, or an open operation's row that waits for it. */
const isKnown = (rows: RowSet, observation: Observation): boolean =>
  rowOf<ObjectTable>(rows, tableOf[observation.object], observation) !== undefined

/**
 * The rows with the users of their customers, where they had none, and what hangs on a payment with the payment's. Nothing
 * need be read again for that: each has its own turn.
 */
function owned(before: RowSet, rows: RowSet, now: Timestamp): RowSet {
  let after = rows
  for (const table of kinds.map((kind) => tableOf[kind])) {
    for (const row of rowsOf<ObjectTable>(rows, table)) {
      const customerId = 'customerId' in row ? row.customerId : null
      const userId = row.userId ?? userOf(rows, customerId)
      const was = findRow<ObjectTable>(before, table, ({ id }) => id === row.id)
      const dueAt = was && !row.inDoubt ? was.dueAt : row.dueAt
      if (userId === row.userId && dueAt === row.dueAt) continue
      after = putRow<ObjectTable>(after, table, { ...row, userId, dueAt, updatedAt: now })
    }
  }
  const isOwned = ({ userId }: PaymentRow) => userId !== null
  return rowsOf(after, 'transactions')
    .filter(isOwned)
    .reduce((set, payment) => linkToPayment(set, { ...payment, updatedAt: now }), after)
}
