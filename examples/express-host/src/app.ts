import { type Actor, type Florin, isFlorinError } from '@florin/core'
import express, { type ErrorRequestHandler, type Express } from 'express'

/** An Express app that takes payments through Florin. Who asks is the host's affair: here, a header that a proxy sets. */
export function createApp(florin: Florin): Express {
  const app = express()

  // Before any JSON parser: the signature is over the bytes as Stripe sent them.
  app.post('/webhooks/stripe', express.raw({ type: () => true, limit: '1mb' }), async (request, response) => {
    const body = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : ''
    await florin.webhooks.receive(body, request.header('stripe-signature'))
    response.json({ received: true })
  })

  app.use(express.json())

  app.post('/orders/:order/pay', async (request, response) => {
    const userId = request.header('x-user') ?? ''
    const shop: Actor = { id: 'shop', roles: ['service'] }
    const { data: payment } = await florin.payments.create(
      { userId, amount: priceOf(request.params.order), currency: 'EUR', paymentMethod: request.body.payment_method },
      // The order names the payment: a customer who presses twice pays once.
      { actor: shop, idempotencyKey: `order-${request.params.order}` },
    )
    response.status(payment.status === 'failed' ? 402 : 201).json(payment)
  })

  app.get('/payments/:id', async (request, response) => {
    const user: Actor = { id: request.header('x-user') ?? '', roles: ['user'] }
    response.json(await florin.payments.get(request.params.id, user))
  })

  app.use(answerError)
  return app
}

// The server decides what an order costs, never the browser.
const priceOf = (order: string) => 1000 + order.length

const statusOf = { invalid: 400, refused: 409, unavailable: 503, defect: 500 } as const

const answerError: ErrorRequestHandler = (error, _request, response, next) => {
  if (!isFlorinError(error)) return next(error)
  const status = error.code.endsWith('_not_found') ? 404 : statusOf[error.kind]
  response.status(status).json({ code: error.code, message: error.message })
}
