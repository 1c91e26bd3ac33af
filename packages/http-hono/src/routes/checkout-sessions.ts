import { operation } from '../endpoint.ts'
import { checkoutSession, createCheckoutSessionBody, presentCheckoutSession } from '../wire/checkout-session.ts'

export const create = operation({
  name: 'createCheckoutSession',
  tag: 'Checkout',
  summary: "Open a page of Stripe's to pay, subscribe or save a card on",
  description:
    'Give `amount` and `currency`, or a `price_id`. What comes of it appears among the payments, subscriptions and ' +
    'methods of the user, with the `reference`.',
  body: createCheckoutSessionBody,
  status: 201,
  answer: checkoutSession,
  problems: ['reference_already_claimed', 'gateway_refused'],
  perform: ({ checkoutSessions }, input, caller) => checkoutSessions.create(input, caller),
  present: presentCheckoutSession,
})
