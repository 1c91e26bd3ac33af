import { florin } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { isAtStake } from '../disputes/dispute.ts'
import { isFlorinError } from '../errors.ts'
import { isStillOpen } from '../operations/in-progress.ts'
import { perform } from '../operations/perform.ts'
import type { PaymentRow } from '../payments/payment.ts'
import { due, many, one, write } from '../ports/storage.ts'
import { createRefundUseCase } from '../refunds/create-refund.ts'
import { DAY_MS, milliseconds, type Timestamp, timestamp } from '../time.ts'
import type { DebtRow } from './debt.ts'

// Who looks at a debt has it for so long; after a crash it is due again. What was done then is found by its key.
const LOOK_MS = 60_000

// What webhooks and catching up can still tell is younger (Stripe keeps events for 30 days). What is older was found by an
// import or a repair, and is history that people have dealt with.
const OLDEST_MS = 30 * DAY_MS

/** What looking at duplicates came to. */
export interface DuplicatesRefunded {
  /** Duplicates that were refunded in full. */
  readonly refunded: number
  /** Duplicates that were left to people: it is not certain that they are too much, or the setting is off. */
  readonly left: number
  /** Duplicates that are looked at again: their refund is running, or its outcome is not known. */
  readonly open: number
}

/**
 * Refunds payments that came besides the one that paid; `Maintenance.refundDuplicates` says what is promised. Each goes
 * through the ordinary refund, under a key of the payment's own: crashes and replicas end in one refund.
 */
export async function refundDuplicates(
  deps: Deps,
  { limit = 20 }: { limit?: number | undefined } = {},
): Promise<DuplicatesRefunded> {
  const now = timestamp(deps.runtime.now())
  const { debts } = await deps.storage.load({ debts: due('debts', now, limit) })
  const outcomes: Outcome[] = []
  for (const debt of debts) outcomes.push(...(await lookAt(deps, debt, now)))
  const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length
  return { refunded: count('refunded'), left: count('left'), open: count('open') }
}

type Outcome = keyof DuplicatesRefunded

async function lookAt(deps: Deps, debt: DebtRow, now: Timestamp): Promise<readonly Outcome[]> {
  const until = timestamp(milliseconds(now) + LOOK_MS)
  const taken = write('debts', { ...debt, dueAt: until, updatedAt: now })
  // Somebody else looks at it, or more happened: then it is still due.
  if ((await deps.storage.commit({ id: deps.newId('commit'), changes: [taken] })) === 'conflict') return []

  // Named by their places: a storage makes a statement for each set of names.
  const ids = [debt.holder ?? '', ...debt.duplicates]
  const query = Object.fromEntries(ids.map((id, index) => [`payment${index}`, one('transactions', { id })]))
  const [payments, { disputes }] = await Promise.all([
    deps.storage.load(query),
    deps.storage.load({ disputes: many('disputes', { paymentId: debt.holder }) }),
  ])
  const isDisputed = disputes.some(({ status }) => isAtStake(status))
  const holder = payments.payment0
  const outcomes: Outcome[] = []
  for (const [index, id] of debt.duplicates.entries()) {
    const duplicate = payments[`payment${index + 1}`]
    const refundable = deps.settings.autoRefundDuplicates && !isDisputed && isTooMuch(debt, holder, duplicate, now)
    outcomes.push(refundable ? await refund(deps, id) : 'left')
  }
  if (!outcomes.includes('open')) await lookedAt(deps, debt.id, until)
  return outcomes
}

/** Whether the debt is paid without the duplicate: nobody is refunded who has nothing else to show for the money. */
function isTooMuch(
  debt: DebtRow,
  holder: PaymentRow | undefined,
  duplicate: PaymentRow | undefined,
  now: Timestamp,
): boolean {
  if (!holder || !duplicate || milliseconds(now) - milliseconds(duplicate.createdAt) > OLDEST_MS) return false
  const isPaid = holder.amountCaptured - holder.amountRefunded >= debt.amountDue
  const isEqual = [holder, duplicate].every(
    ({ currency, reference }) => currency === debt.currency && reference === debt.reference,
  )
  return isPaid && isEqual
}

async function refund(deps: Deps, transactionId: string): Promise<Outcome> {
  const input = { transactionId, reason: 'duplicate' as const }
  try {
    const { data } = await perform(deps, createRefundUseCase, input, {
      actor: florin,
      idempotencyKey: `duplicate.${transactionId}`,
    })
    return data.status === 'failed' || data.status === 'canceled' ? 'left' : 'refunded'
  } catch (error) {
    if (!isFlorinError(error)) throw error
    return isStillOpen(error) ? 'open' : 'left'
  }
}

/** What was decided on is not due any more, unless more happened since. */
async function lookedAt(deps: Deps, id: string, until: Timestamp): Promise<void> {
  const { debt } = await deps.storage.load({ debt: one('debts', { id }) })
  if (!debt || debt.dueAt !== until) return
  const changes = [write('debts', { ...debt, dueAt: null, updatedAt: timestamp(deps.runtime.now()) })]
  // In conflict it stays due, and is looked at once more.
  await deps.storage.commit({ id: deps.newId('commit'), changes })
}
