import { settingLimits } from '@florin/core'
import { durationWithin } from './value-types.ts'
import { about, retention } from './variable-groups.ts'

/** How long it is kept what is done with. */
export const retentionVariables = {
  WEBHOOK_RETENTION: durationWithin(settingLimits.webhookEventRetentionMs)
    .optional()
    .register(about, retention('How long applied webhooks are kept, at least 35d', { default: '90d' })),
  PAYLOAD_RETENTION: durationWithin(settingLimits.payloadRetentionMs)
    .optional()
    .register(about, retention('How long the bodies of applied webhooks are kept', { default: '35d' })),
  OPERATION_RETENTION: durationWithin(settingLimits.operationRetentionMs)
    .optional()
    .register(
      about,
      retention('How long idempotency keys and their answers are kept, at least 35d', { default: '35d' }),
    ),
  EVENT_DATA_RETENTION: durationWithin(settingLimits.eventDataRetentionMs)
    .optional()
    .register(about, retention('How long it is kept what delivered events carried', { default: '35d' })),
}
