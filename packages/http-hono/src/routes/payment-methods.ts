import { list, operation } from '../endpoint.ts'
import { userPath } from '../wire/common.ts'
import {
  attachPaymentMethodBody,
  paymentMethod,
  paymentMethodPage,
  paymentMethodPath,
  presentPaymentMethod,
  presentSetupIntent,
  setUpPaymentMethodBody,
  setupIntent,
} from '../wire/payment-method.ts'

const tag = 'Payment methods'
const one = { tag, path: paymentMethodPath, notFound: 'payment_method_not_found' } as const

export const attach = operation({
  name: 'attachPaymentMethod',
  tag,
  summary: 'Keep a payment method for a user',
  description: 'The card is checked: one that is declined is answered as 402 and not kept.',
  body: attachPaymentMethodBody,
  status: 201,
  answer: paymentMethod,
  problems: ['payment_method_not_found', 'payment_method_declined', 'payment_method_unusable', 'gateway_refused'],
  perform: ({ paymentMethods }, input, caller) => paymentMethods.attach(input, caller),
  present: presentPaymentMethod,
})

export const setUp = operation({
  name: 'setUpPaymentMethod',
  tag,
  summary: 'Begin to collect a card with Stripe.js',
  description: 'Card numbers go from the browser to Stripe and never reach this server (SAQ A).',
  body: setUpPaymentMethodBody,
  status: 201,
  answer: setupIntent,
  problems: ['gateway_refused'],
  perform: ({ paymentMethods }, input, caller) => paymentMethods.setUp(input, caller),
  present: presentSetupIntent,
})

export const setDefault = operation({
  ...one,
  name: 'setDefaultPaymentMethod',
  summary: "Make a method the user's default, for subscriptions that name none",
  status: 200,
  answer: paymentMethod,
  problems: ['payment_method_unusable', 'gateway_refused'],
  perform: ({ paymentMethods }, input, caller) => paymentMethods.setDefault(input, caller),
  present: presentPaymentMethod,
})

export const detach = operation({
  ...one,
  name: 'detachPaymentMethod',
  summary: 'Remove a payment method for good',
  description: 'One that is removed already is no error.',
  status: 204,
  problems: ['payment_method_unusable', 'gateway_refused'],
  perform: ({ paymentMethods }, input, caller) => paymentMethods.detach(input, caller),
  present: () => null,
})

export const listOfUser = list({
  name: 'listPaymentMethods',
  tag,
  summary: "List a user's payment methods",
  path: userPath,
  answer: paymentMethodPage,
  page: ({ paymentMethods }, input, actor) => paymentMethods.list(input, actor),
  present: presentPaymentMethod,
})
