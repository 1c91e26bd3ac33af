import { type Actor, type Caller, type CreatePayment, type Florin, isFlorinError, type Payment } from '@florin/core'
import express, { type ErrorRequestHandler, type Express } from 'express'

const shop: Actor = { id: 'shop', roles: ['service'] }

/** An Express app that takes payments through Florin. Who asks is the host's affair: here, a header that a proxy sets. */
export function createApp(florin: Florin): Express {
  const app = express()

  // Before any JSON parser: the signature is over the bytes as Stripe sent them.
  app.post('/webhooks/stripe', express.raw({ type: () => true, limit: '1mb' }), (request, response, next) => {
    florin.webhooks
      .receive(request.body, request.header('stripe-signature'))
      .then(() => response.json({ received: true }))
      // What rejects is answered by the error handler. Express 4 would leave that to nobody, and the process would end.
      .catch(next)
  })

  app.use(express.json())

  app.post('/orders/:order/pay', (request, response, next) => {
    const { order } = request.params
    const userId = request.header('x-user') ?? ''
    const owed = { userId, amount: priceOf(order), currency: 'EUR', reference: `order-${order}` }
    // One key for each attempt: the page makes it (a UUID) when the customer presses, and keeps it until it is answered.
    const caller = { actor: shop, idempotencyKey: request.header('idempotency-key') }
    pay(florin, { ...owed, paymentMethod: request.body.payment_method }, caller)
      .then((payment) => response.status(payment.status === 'failed' ? 402 : 201).json(payment))
      .catch(next)
  })

  app.get('/payments/:id', (request, response, next) => {
    const user: Actor = { id: request.header('x-user') ?? '', roles: ['user'] }
    florin.payments
      .get(request.params.id, user)
      .then((payment) => response.json(payment))
      .catch(next)
  })

  app.use(answerError)
  return app
}

/** The reference names the debt: a customer who presses twice pays once, in another tab and the next day as well. */
async function pay(florin: Florin, input: Pay, caller: Caller): Promise<Payment> {
  try {
    return (await florin.payments.create(input, caller)).data
  } catch (error) {
    const isClaimed = isFlorinError(error) && error.code === 'reference_already_claimed'
    const id = isClaimed ? error.details.objectId : undefined
    if (id === undefined) throw error
    const payment = await florin.payments.get(id, caller.actor)
    if (['pending', 'processing', 'succeeded'].includes(payment.status)) return payment
    // It was declined, or waits for the customer: it is tried again with this card, never made anew.
    return (await florin.payments.confirm({ id, paymentMethod: input.paymentMethod }, caller)).data
  }
}

type Pay = CreatePayment & { readonly paymentMethod: string }

// The server decides what an order costs, never the browser.
const priceOf = (order: string) => 1000 + order.length

const statusOf = { invalid: 400, refused: 409, unavailable: 503, defect: 500 } as const

const answerError: ErrorRequestHandler = (error, _request, response, next) => {
  if (!isFlorinError(error)) return next(error)
  const status = error.code.endsWith('_not_found') ? 404 : statusOf[error.kind]
  response.status(status).json({ code: error.code, message: error.message })
}
