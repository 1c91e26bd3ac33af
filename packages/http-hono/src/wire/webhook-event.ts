import { type WebhookEvent, webhookEventStatuses } from '@florin/core'
import { z } from 'zod'
import { objectFields, pageOf, pageQuery, stamps, time } from './common.ts'

const id = z.string().regex(/^evt_[A-Za-z0-9_]{1,250}$/)

export const webhookEventPath = z.object({ id: id.meta({ description: "Stripe's `evt_…`." }) })

const status = z.enum(webhookEventStatuses)

export const webhookEventQuery = pageQuery.extend({
  status: status.optional().meta({ description: 'Those of every status where absent.' }),
  type: z
    .string()
    .regex(/^[a-z0-9_]+(\.[a-z0-9_]+)+$/, { error: 'must be a type such as invoice.paid' })
    .max(250)
    .optional()
    .meta({ description: 'Goes with the status `failed` or `ignored`.', example: 'invoice.paid' }),
})

export const webhookEvent = z
  .object({
    ...objectFields('webhook_event', 'evt_1Q0Q2fJvEtkwdCNYw3cJ8s0u'),
    type: z.string(),
    api_version: z.string().nullable(),
    livemode: z.boolean(),
    occurred_at: time.meta({ description: 'When Stripe made it. `created_at` is when it came here first.' }),
    stripe_object_id: z.string().nullable().meta({ description: 'The object that it tells of.' }),
    status: status.meta({
      description:
        '`processed`: applied. `ignored`: stored, of no concern here. `failed`: stored, could not be applied; it is ' +
        'tried again by itself.',
    }),
    reason: z.string().nullable().meta({ description: 'Why it was ignored, or could not be applied.' }),
    attempts: z.int(),
    next_attempt_at: time.nullable(),
    is_replayable: z.boolean().meta({ description: 'Whether its body is still kept. It is shown to nobody.' }),
  })
  .meta({
    id: 'WebhookEvent',
    example: {
      id: 'evt_1Q0Q2fJvEtkwdCNYw3cJ8s0u',
      object: 'webhook_event',
      ...stamps,
      type: 'charge.refunded',
      api_version: '2026-10-28.endive',
      livemode: false,
      occurred_at: '2026-11-23T15:04:04.000Z',
      stripe_object_id: 'ch_1Q0Q2fJvEtkwdCNYw3cJ8s0u',
      status: 'failed',
      reason: 'amount_refunded: expected number',
      attempts: 2,
      next_attempt_at: '2026-11-23T15:06:06.456Z',
      is_replayable: true,
    },
  })

export const webhookEventPage = pageOf(webhookEvent, 'WebhookEvent')

export type WebhookEventBody = z.infer<typeof webhookEvent>

/** A webhook event as the API shows it: what became of it, and never its body, which holds names and addresses. */
export function presentWebhookEvent(it: WebhookEvent): WebhookEventBody {
  return {
    id: it.id,
    object: it.object,
    created_at: it.createdAt,
    updated_at: it.updatedAt,
    type: it.type,
    api_version: it.apiVersion,
    livemode: it.livemode,
    occurred_at: it.occurredAt,
    stripe_object_id: it.stripeObjectId,
    status: it.status,
    reason: it.reason,
    attempts: it.attempts,
    next_attempt_at: it.nextAttemptAt,
    is_replayable: it.isReplayable,
  }
}
