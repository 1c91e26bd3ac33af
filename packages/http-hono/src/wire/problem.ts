import { z } from 'zod'
import { payment } from './payment.ts'

const fieldError = z.object({
  field: z.string().meta({ description: 'The field as it was sent, e.g. `amount` or `metadata.order`.' }),
  message: z.string(),
})

/** An error as it is answered: problem+json, RFC 9457. */
export const problem = z
  .object({
    type: z.string().meta({ description: '`urn:florin:error:` and the code.' }),
    title: z.string(),
    status: z.int().meta({ description: 'The HTTP status again.' }),
    detail: z.string().meta({ description: 'For people. May change; switch on `code`.' }),
    code: z.string().meta({ description: 'What happened, for programs. Stable.' }),
    request_id: z.string().meta({ description: 'Name it when you report the problem.' }),
    errors: z.array(fieldError).optional().meta({ description: 'Every field that is wrong.' }),
    operation_id: z.string().optional().meta({ description: 'The record of what was asked for.' }),
    object_id: z
      .string()
      .optional()
      .meta({ description: 'The row that the request made or concerned: read it later.' }),
    object_status: z.literal('pending').optional().meta({ description: 'Not known yet; it will be settled.' }),
    gateway_code: z.string().optional().meta({ description: "Stripe's own code, where Stripe refused." }),
    decline_code: z.string().nullable().optional().meta({ description: "Why the card's bank declined." }),
    payment: payment.optional().meta({ description: 'The payment as it is now, where it was declined.' }),
  })
  .meta({
    id: 'Problem',
    example: {
      type: 'urn:florin:error:payment_not_found',
      title: 'Payment not found',
      status: 404,
      detail: 'no payment tx_01jdcqfz4xe0g8r2h7m5v9k3ta',
      code: 'payment_not_found',
      request_id: '5f3c9d0e-8a35-4f6b-9f43-0d0d0a3f9f55',
    },
  })

export type Problem = z.infer<typeof problem>
