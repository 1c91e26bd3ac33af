import { z } from 'zod'
import { defaultSettings, type Settings } from './deps.ts'
import { parseInput } from './input/parse-input.ts'
import { DAY_MS, HOUR_MS } from './time.ts'

/** Settings as a host gives them: what is absent or `undefined`, as an unset variable gives it, has its default. */
export type GivenSettings = { readonly [Name in keyof Settings]?: Settings[Name] | undefined }

/** The limits of what is counted, both included; the server's variables keep to the same. */
export const settingLimits = {
  // Stripe forgets its keys after 24 h: what is sent again then is a second charge.
  paymentRecoveryWindowMs: { least: 1, most: 23 * HOUR_MS },
  idempotencyKeyMs: { least: 1, most: 3650 * DAY_MS },
  sweepAfterMs: { least: 1, most: 30 * DAY_MS },
  eventAttempts: { least: 1, most: 1000 },
  eventLeaseMs: { least: 1, most: DAY_MS },
  // Stripe tells again what happened in the last 30 days, and what a debt was decided on by is as old.
  webhookEventRetentionMs: { least: 35 * DAY_MS, most: 3650 * DAY_MS },
  payloadRetentionMs: { least: DAY_MS, most: 3650 * DAY_MS },
  operationRetentionMs: { least: 35 * DAY_MS, most: 3650 * DAY_MS },
  eventDataRetentionMs: { least: DAY_MS, most: 3650 * DAY_MS },
} as const

/**
 * The settings that are in force: what was given, checked, and the defaults for the rest.
 *
 * @param ofKey the mode of the gateway's key, where it is known: holds where `livemode` is not given
 * @throws `invalid` input_invalid with every setting that is wrong
 */
export function checkSettings(given: GivenSettings | undefined, ofKey: boolean | undefined): Settings {
  const { settings } = parseInput(shape, { settings: given })
  return { ...settings, livemode: settings.livemode ?? ofKey ?? defaultSettings.livemode }
}

const counted = (name: keyof typeof settingLimits) => {
  const { least, most } = settingLimits[name]
  const error = `must be a whole number from ${least} to ${most}${name.endsWith('Ms') ? ' (milliseconds)' : ''}`
  return z.int({ error }).min(least, { error }).max(most, { error }).default(defaultSettings[name])
}

const flag = (name: 'userSetsAmount' | 'requireIdempotencyKey' | 'autoRefundDuplicates') =>
  z.boolean().default(defaultSettings[name])

const known = z.object({
  installation: z.string().min(1).max(500).default(defaultSettings.installation),
  livemode: z.boolean().optional(),
  subscribablePrices: z.array(z.string()).readonly().default(defaultSettings.subscribablePrices),
  userSetsAmount: flag('userSetsAmount'),
  requireIdempotencyKey: flag('requireIdempotencyKey'),
  autoRefundDuplicates: flag('autoRefundDuplicates'),
  paymentRecoveryWindowMs: counted('paymentRecoveryWindowMs'),
  idempotencyKeyMs: counted('idempotencyKeyMs'),
  sweepAfterMs: counted('sweepAfterMs'),
  eventAttempts: counted('eventAttempts'),
  eventLeaseMs: counted('eventLeaseMs'),
  webhookEventRetentionMs: counted('webhookEventRetentionMs'),
  payloadRetentionMs: counted('payloadRetentionMs'),
  operationRetentionMs: counted('operationRetentionMs'),
  eventDataRetentionMs: counted('eventDataRetentionMs'),
  userIdPattern: z
    .instanceof(RegExp, { error: 'must be a regular expression, such as /^user_\\d+$/' })
    .default(defaultSettings.userIdPattern),
})

const shape = z.object({
  settings: known
    // A setting that is misspelt would not be in force, and nobody would know.
    .catchall(z.undefined({ error: `is not a setting; they are ${Object.keys(known.shape).join(', ')}` }))
    .refine(({ idempotencyKeyMs, operationRetentionMs }) => idempotencyKeyMs <= operationRetentionMs, {
      path: ['idempotencyKeyMs'],
      error: 'must be at most operationRetentionMs: with the operation its key is let go of',
    })
    .prefault({}),
})
