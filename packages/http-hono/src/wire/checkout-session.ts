import { type CheckoutSession, checkoutModes } from '@florin/core'
import { z } from 'zod'
import { amount, currency, metadata, priceId, returnUrl, time, userId } from './common.ts'

const page = (description: string) => returnUrl.meta({ description, example: 'https://shop.example/thanks' })

export const createCheckoutSessionBody = z
  .strictObject({
    user_id: userId,
    mode: z.enum(checkoutModes).meta({ description: 'Pay once, subscribe, or only save a card.' }),
    amount: amount.optional().meta({ description: 'With `currency`, in place of a `price_id`.' }),
    currency: currency.optional(),
    description: z.string().min(1).max(250).optional().meta({ description: 'What the page says is paid for.' }),
    price_id: priceId.optional(),
    quantity: z.int().min(1).max(1_000_000).optional().meta({ description: 'Of the `price_id`; 1 where absent.' }),
    success_url: page('Where Stripe sends the customer when it is done.'),
    cancel_url: page('Where Stripe sends a customer who turns back.').optional(),
    reference: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .meta({ description: 'Your own name for what is paid. One that is paid or being paid already is refused.' }),
    metadata: metadata.optional(),
  })
  .meta({
    id: 'CreateCheckoutSession',
    example: {
      user_id: 'user_123',
      mode: 'payment',
      amount: 1000,
      currency: 'USD',
      description: 'Product purchase',
      success_url: 'https://shop.example/thanks',
      cancel_url: 'https://shop.example/cart',
      reference: 'order-1234',
    },
  })

export const checkoutSession = z
  .object({
    id: z.string().meta({ description: "Stripe's id." }),
    object: z.literal('checkout_session'),
    created_at: time,
    user_id: z.string(),
    mode: z.enum(checkoutModes),
    status: z.string().meta({ description: '`open`, `complete` or `expired`.' }),
    reference: z.string().nullable(),
    url: z.string().meta({ description: 'Where to send the customer.' }),
  })
  .meta({
    id: 'CheckoutSession',
    example: {
      id: 'cs_test_a1Q0PsIJvEtkwdCNYMSaVuRz6',
      object: 'checkout_session',
      created_at: '2026-11-23T15:04:05.123Z',
      user_id: 'user_123',
      mode: 'payment',
      status: 'open',
      reference: 'order-1234',
      url: 'https://checkout.stripe.com/c/pay/cs_test_a1Q0PsIJvEtkwdCNYMSaVuRz6',
    },
  })

export type CreateCheckoutSessionBody = z.input<typeof createCheckoutSessionBody>
export type CheckoutSessionBody = z.infer<typeof checkoutSession>

/** A session as the API shows it. Florin keeps none, so `status` is what it was made with, also when answered again. */
export function presentCheckoutSession(it: CheckoutSession): CheckoutSessionBody {
  return {
    id: it.id,
    object: it.object,
    created_at: it.createdAt,
    user_id: it.userId,
    mode: it.mode,
    status: it.status,
    reference: it.reference,
    url: it.url,
  }
}
