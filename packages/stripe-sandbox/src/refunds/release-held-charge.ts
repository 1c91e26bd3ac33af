import { charges, type StoredCharge } from '../charges/charge.ts'
import type { Context } from '../engine/context.ts'
import { makeRefund } from './refund.ts'

/** Gives back a sum that was held and never captured. Stripe shows it as a refund of the whole charge. */
export function releaseHeldCharge(context: Context, charge: StoredCharge, { expired }: { expired: boolean }): void {
  makeRefund(context, charge, {
    amount: charge.amount - charge.amount_refunded,
    status: 'succeeded',
    reason: expired ? 'expired_uncaptured_charge' : null,
    booked: false,
  })
  if (!expired) return
  const released = context.store.find(charges, charge.id)
  if (released !== undefined) context.emit('charge.expired', released)
}
