import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'

export const balanceTransactions = defineCollection<Stored<Stripe.BalanceTransaction>>('balance_transaction')

type Kind = 'charge' | 'refund' | 'refund_failure' | 'adjustment'

const categories: Readonly<Record<Kind, string>> = {
  charge: 'charge',
  refund: 'refund',
  refund_failure: 'refund_failure',
  adjustment: 'dispute',
}

/** Books a sum on the account's balance. Charges cost 2.9 % + 30, a dispute costs 1500. */
export function bookOnBalance(
  context: Context,
  entry: { kind: Kind; amount: number; currency: string; source: string; available?: boolean },
): Stored<Stripe.BalanceTransaction> {
  const fee = feeFor(entry.kind, entry.amount)
  const wait = entry.available === true ? 0 : 2 * 24 * 60 * 60
  return context.store.put(balanceTransactions, {
    id: context.newId('txn'),
    object: 'balance_transaction',
    amount: entry.amount,
    available_on: context.now + wait,
    balance_type: 'payments',
    created: context.now,
    currency: entry.currency,
    description: null,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency: entry.currency,
              description: 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ],
    net: entry.amount - fee,
    reporting_category: categories[entry.kind],
    source: entry.source,
    status: entry.available === true ? 'available' : 'pending',
    type: entry.kind,
  })
}

function feeFor(kind: Kind, amount: number): number {
  if (kind === 'charge') return Math.round(amount * 0.029) + 30
  return kind === 'adjustment' && amount < 0 ? 1500 : 0
}
