import { createFlorinClient, FlorinApiError, type PaymentBody } from '@florin/http-hono/client'

/** Pays an order over HTTP. `send` is for tests; absent, it is the platform's own `fetch`. */
export async function payOrder(baseUrl: string, token: string, send?: typeof fetch): Promise<PaymentBody | string> {
  const florin = createFlorinClient({ baseUrl, token, ...(send && { fetch: send }) })
  const owed = { user_id: 'user_123', amount: 1000, currency: 'USD', reference: 'order-17' }
  try {
    const order = { ...owed, payment_method: 'pm_card_visa' }
    return await florin.payments.create(order, { idempotencyKey: 'order-17-first' })
  } catch (error) {
    if (error instanceof FlorinApiError && error.code === 'card_declined') return 'ask for another card'
    throw error
  }
}
