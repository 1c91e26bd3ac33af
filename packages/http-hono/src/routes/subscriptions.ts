import { list, operation, read } from '../endpoint.ts'
import { userPath } from '../wire/common.ts'
import {
  cancelSubscriptionQuery,
  createSubscriptionBody,
  presentSubscription,
  subscription,
  subscriptionPage,
  subscriptionPath,
  updateSubscriptionBody,
} from '../wire/subscription.ts'

const tag = 'Subscriptions'
const one = {
  tag,
  path: subscriptionPath,
  notFound: 'subscription_not_found',
  status: 200,
  answer: subscription,
  present: presentSubscription,
} as const

export const create = operation({
  name: 'createSubscription',
  tag,
  summary: 'Subscribe a user to a price',
  description: 'It is `incomplete`, with a `client_secret` for Stripe.js, where the first payment needs the customer.',
  body: createSubscriptionBody,
  status: 201,
  answer: subscription,
  problems: [
    'idempotency_key_missing',
    'payment_method_not_found',
    'payment_method_declined',
    'payment_method_unusable',
    'gateway_refused',
  ],
  perform: ({ subscriptions }, input, caller) => subscriptions.create(input, caller),
  present: presentSubscription,
})

export const get = read({
  ...one,
  name: 'getSubscription',
  summary: 'Read a subscription',
  get: ({ subscriptions }, id, actor) => subscriptions.get(id, actor),
})

export const listOfUser = list({
  name: 'listSubscriptions',
  tag,
  summary: "List a user's subscriptions",
  path: userPath,
  answer: subscriptionPage,
  page: ({ subscriptions }, input, actor) => subscriptions.list(input, actor),
  present: presentSubscription,
})

export const update = operation({
  ...one,
  name: 'updateSubscription',
  summary: 'Change the price, the quantity, the end or the metadata',
  body: updateSubscriptionBody,
  problems: ['subscription_not_updatable', 'payment_method_not_found', 'payment_method_unusable', 'gateway_refused'],
  perform: ({ subscriptions }, input, caller) => subscriptions.update(input, caller),
})

export const resume = operation({
  ...one,
  name: 'resumeSubscription',
  summary: 'Take a scheduled end back, or wake a paused subscription',
  description: 'One that needs the customer to pay stays `paused`, with a `client_secret` for Stripe.js.',
  problems: ['subscription_not_resumable', 'gateway_refused'],
  perform: ({ subscriptions }, input, caller) => subscriptions.resume(input, caller),
})

export const cancel = operation({
  ...one,
  name: 'cancelSubscription',
  summary: 'End a subscription',
  description: 'At once, or with `?at_period_end=true` when what was paid for is used up.',
  query: cancelSubscriptionQuery,
  problems: ['subscription_already_canceled', 'gateway_refused'],
  perform: ({ subscriptions }, input, caller) => subscriptions.cancel(input, caller),
})
