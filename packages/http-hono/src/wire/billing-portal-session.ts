import type { BillingPortalSession } from '@florin/core'
import { z } from 'zod'
import { returnUrl, time, userId } from './common.ts'

export const createBillingPortalSessionBody = z
  .strictObject({
    user_id: userId,
    return_url: returnUrl.meta({
      description: 'Where the page leads back to.',
      example: 'https://shop.example/account',
    }),
  })
  .meta({
    id: 'CreateBillingPortalSession',
    example: { user_id: 'user_123', return_url: 'https://shop.example/account' },
  })

export const billingPortalSession = z
  .object({
    id: z.string().meta({ description: "Stripe's id." }),
    object: z.literal('billing_portal_session'),
    created_at: time,
    user_id: z.string(),
    url: z.string().meta({ description: 'Where to send the customer. Whoever has it is let in, for some minutes.' }),
  })
  .meta({
    id: 'BillingPortalSession',
    example: {
      id: 'bps_1Q0PsIJvEtkwdCNYMSaVuRz6',
      object: 'billing_portal_session',
      created_at: '2026-11-23T15:04:05.123Z',
      user_id: 'user_123',
      url: 'https://billing.stripe.com/p/session/test_a1b2c3',
    },
  })

export type CreateBillingPortalSessionBody = z.input<typeof createBillingPortalSessionBody>
export type BillingPortalSessionBody = z.infer<typeof billingPortalSession>

/** A session as the API shows it. Its `url` lets in whoever has it, so it belongs in no log. */
export function presentBillingPortalSession(it: BillingPortalSession): BillingPortalSessionBody {
  return { id: it.id, object: it.object, created_at: it.createdAt, user_id: it.userId, url: it.url }
}
