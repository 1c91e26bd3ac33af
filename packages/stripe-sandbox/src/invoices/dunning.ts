import { z } from 'zod'
import { definePrivateCollection, type Row } from '../engine/collection.ts'
import type { Context } from '../engine/context.ts'
import { control } from '../engine/control-route.ts'

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

/** In Stripe, a page of the dashboard. */
export const dunningControl = control({
  method: 'POST',
  path: '/billing/settings',
  summary: 'What becomes of failed renewals.',
  body: z.strictObject({
    after_last_retry: z.enum(ends).exactOptional(),
    retry_days: z.array(z.number().positive()).exactOptional(),
  }),
  handler: (context, changes) => context.store.put(dunningSettings, { ...dunningOf(context), ...changes }),
})
