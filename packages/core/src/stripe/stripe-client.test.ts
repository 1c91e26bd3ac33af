import Stripe from 'stripe'
import { expect, it } from 'vitest'
import { stripeClient, stripeGateway } from './index.ts'

const livemodeWith = (stripe: Stripe) => stripeGateway({ stripe, webhookSecrets: ['whsec_mode'] }).livemode

it.each([
  { secretKey: 'sk_live_florin', livemode: true },
  { secretKey: 'rk_live_florin', livemode: true },
  { secretKey: 'sk_test_florin', livemode: false },
  { secretKey: 'rk_test_florin', livemode: false },
  { secretKey: 'sk_test_sk_live_florin', livemode: false },
])('$secretKey makes a gateway whose livemode is $livemode', ({ secretKey, livemode }) => {
  expect(livemodeWith(stripeClient({ secretKey }))).toBe(livemode)
})

it('a client that stripeClient did not make leaves the mode open, for its key cannot be seen', () => {
  expect(livemodeWith(new Stripe('sk_live_florin'))).toBeUndefined()
})
