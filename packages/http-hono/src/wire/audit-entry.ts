import type { AuditEntry } from '@florin/core'
import { z } from 'zod'
import { pageOf, pageQuery, time } from './common.ts'

export const auditQuery = pageQuery.extend({
  object_id: z
    .string()
    .regex(/^[a-z]+_[A-Za-z0-9_]{1,250}$/, { error: 'must be an id such as tx_… or pi_…' })
    .optional()
    .meta({ description: "Only what was done to this object, by Florin's id or Stripe's.", example: 'tx_123' }),
})

export const auditEntry = z
  .object({
    id: z.string(),
    object: z.literal('audit_entry'),
    created_at: time,
    actor_id: z
      .string()
      .meta({ description: 'The `sub` of the token; `florin`, `system` and `florin-cli` are Florin itself.' }),
    actor_roles: z.array(z.string()).meta({ description: 'As they were then.' }),
    action: z.string(),
    object_id: z.string().nullable(),
    operation_id: z.string().nullable(),
    request_id: z.string().nullable().meta({ description: 'The `X-Request-Id` of the request.' }),
    outcome: z
      .string()
      .meta({ description: '`accepted`, `declined` or `rejected` by Stripe, `succeeded` and the like.' }),
    detail: z.unknown().meta({ description: 'Ids, states and sums, just as stored; never personal data.' }),
  })
  .meta({
    id: 'AuditEntry',
    example: {
      id: 'audit_01jdcqh3k4m6n8p0q2r4s6t8v0',
      object: 'audit_entry',
      created_at: '2026-11-23T15:04:05.123Z',
      actor_id: 'helper_7',
      actor_roles: ['support'],
      action: 'refund.create',
      object_id: 'refund_01jdcqfz4xe0g8r2h7m5v9k3ta',
      operation_id: 'operation_01jdcqfz4xe0g8r2h7m5v9k3tb',
      request_id: '5f3c9d0e-8a35-4f6b-9f43-0d0d0a3f9f55',
      outcome: 'accepted',
      detail: { step: 'create' },
    },
  })

export const auditPage = pageOf(auditEntry, 'AuditEntry')

export type AuditEntryBody = z.infer<typeof auditEntry>

/** An entry as the API shows it. `detail` is shown as it was stored, so its keys stay in camel case. */
export function presentAuditEntry(it: AuditEntry): AuditEntryBody {
  return {
    id: it.id,
    object: it.object,
    created_at: it.createdAt,
    actor_id: it.actorId,
    actor_roles: [...it.actorRoles],
    action: it.action,
    object_id: it.objectId,
    operation_id: it.operationId,
    request_id: it.requestId,
    outcome: it.outcome,
    detail: it.detail,
  }
}
