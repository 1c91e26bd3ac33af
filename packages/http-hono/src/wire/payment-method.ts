import type { PaymentMethod, SetupIntent } from '@florin/core'
import { z } from 'zod'
import { idPath, objectFields, pageOf, paymentMethodId, stamps, userId } from './common.ts'

export const attachPaymentMethodBody = z
  .strictObject({
    user_id: userId,
    payment_method: paymentMethodId,
    set_default: z.boolean().optional().meta({ description: 'Makes it the one that invoices are paid with.' }),
  })
  .meta({
    id: 'AttachPaymentMethod',
    example: { user_id: 'user_123', payment_method: 'pm_card_visa', set_default: true },
  })

export const setUpPaymentMethodBody = z
  .strictObject({ user_id: userId })
  .meta({ id: 'SetUpPaymentMethod', example: { user_id: 'user_123' } })

export const paymentMethodPath = idPath('payment_method')

const card = z.object({
  brand: z.string(),
  last4: z.string(),
  exp_month: z.int(),
  exp_year: z.int(),
  fingerprint: z.string().nullable(),
})

export const paymentMethod = z
  .object({
    ...objectFields('payment_method', 'method_01jdcqhx9a1b2c3d4e5f6g7h8j'),
    user_id: z.string().nullable(),
    type: z.string(),
    card: card.nullable(),
    is_default: z.boolean(),
    stripe_payment_method_id: z.string(),
  })
  .meta({
    id: 'PaymentMethod',
    example: {
      id: 'method_01jdcqhx9a1b2c3d4e5f6g7h8j',
      object: 'payment_method',
      ...stamps,
      user_id: 'user_123',
      type: 'card',
      card: { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2034, fingerprint: 'Xt5EWLLDS7FJjR1c' },
      is_default: true,
      stripe_payment_method_id: 'pm_1Q0PsIJvEtkwdCNYMSaVuRz6',
    },
  })

export const setupIntent = z
  .object({
    id: z.string(),
    object: z.literal('setup_intent'),
    user_id: z.string(),
    status: z.string(),
    client_secret: z.string().meta({ description: 'For Stripe.js.' }),
  })
  .meta({
    id: 'SetupIntent',
    example: {
      id: 'seti_1Q0Q3zJvEtkwdCNYq8uG1b2c',
      object: 'setup_intent',
      user_id: 'user_123',
      status: 'requires_payment_method',
      client_secret: 'seti_1Q0Q3zJvEtkwdCNYq8uG1b2c_secret_R1s2t3u4v5w6x7y8z9',
    },
  })

export const paymentMethodPage = pageOf(paymentMethod, 'PaymentMethod')

export type AttachPaymentMethodBody = z.input<typeof attachPaymentMethodBody>
export type SetUpPaymentMethodBody = z.input<typeof setUpPaymentMethodBody>
export type PaymentMethodBody = z.infer<typeof paymentMethod>
export type SetupIntentBody = z.infer<typeof setupIntent>

/** A payment method as the API shows it. The card is copied field by field, so that nothing more of it gets out. */
export function presentPaymentMethod(it: PaymentMethod): PaymentMethodBody {
  return {
    id: it.id,
    object: it.object,
    created_at: it.createdAt,
    updated_at: it.updatedAt,
    user_id: it.userId,
    type: it.type,
    card: it.card && {
      brand: it.card.brand,
      last4: it.card.last4,
      exp_month: it.card.expMonth,
      exp_year: it.card.expYear,
      fingerprint: it.card.fingerprint,
    },
    is_default: it.isDefault,
    stripe_payment_method_id: it.stripePaymentMethodId,
  }
}

/** A SetupIntent as the API shows it. With its `client_secret` a browser finishes it, so it belongs in no log. */
export function presentSetupIntent(it: SetupIntent): SetupIntentBody {
  return { id: it.id, object: it.object, user_id: it.userId, status: it.status, client_secret: it.clientSecret }
}
