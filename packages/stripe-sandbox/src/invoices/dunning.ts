import { definePrivateCollection, type Row } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import type { ControlRoute } from '../engine/slice.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'

const ends = ['cancel', 'unpaid', 'past_due'] as const

/** What an account sets in Stripe's dashboard about failed renewals. */
export interface DunningSettings extends Row {
  /** What becomes of a subscription when the last retry has failed. */
  readonly after_last_retry: (typeof ends)[number]
  /** How many days after each failed attempt the next one is made. */
  readonly retry_days: readonly number[]
}

const dunningSettings = definePrivateCollection<DunningSettings>('dunning_settings')

const id = 'account'

/** The settings in force. */
export const dunningOf = (context: Context): DunningSettings =>
  context.store.find(dunningSettings, id) ?? { id, after_last_retry: 'cancel', retry_days: [3, 5, 7] }

/** The gaps between attempts, in days. */
export const retryDays = (context: Context): readonly number[] => dunningOf(context).retry_days

/** `POST /billing/settings {after_last_retry?, retry_days?}`: in Stripe, a page of the dashboard. */
export const dunningControl: ControlRoute = {
  method: 'POST',
  path: '/billing/settings',
  handler(context, body) {
    const current = dunningOf(context)
    const { after_last_retry: sent = current.after_last_retry, retry_days: days = current.retry_days } = body
    const end = ends.find((word) => word === sent)
    if (end === undefined) throw invalidRequest(`after_last_retry must be one of ${ends.join(', ')}`)
    if (!Array.isArray(days) || !days.every((day) => typeof day === 'number' && day > 0)) {
      throw invalidRequest('retry_days must be a list of numbers above 0')
    }
    return context.store.put(dunningSettings, { id, after_last_retry: end, retry_days: days })
  },
}
