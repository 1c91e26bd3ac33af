import { signWebhook } from '@florin/stripe-sandbox'
import { expect, it } from 'vitest'
import { sandboxedFlorin } from '../test/sandboxed-florin.ts'
import type { Settings } from './index.ts'

const event = (livemode: boolean) => ({
  ...{ id: 'evt_1', object: 'event', type: 'payment_intent.succeeded', api_version: null, livemode, created: 1 },
  data: { object: { id: 'pi_1', object: 'payment_intent', amount: 100, currency: 'usd', status: 'succeeded' } },
})

/** What Florin makes of an event, over a gateway that knows the mode of its keys, or does not. */
async function receive(sent: boolean, gatewayMode: boolean | undefined, settings: Partial<Settings> = {}) {
  const { florin } = sandboxedFlorin({
    settings,
    webhooks: false,
    gateway: (inner) => ({ ...inner, livemode: gatewayMode }),
  })
  const body = JSON.stringify(event(sent))
  const at = Math.floor(Date.now() / 1000)
  return (await florin.webhooks.receive(body, signWebhook(body, ['whsec_florin_test'], at))).outcome
}

it.each([
  { gateway: true, taken: true },
  { gateway: false, taken: false },
  { gateway: undefined, taken: false },
])('takes the events of the mode that the gateway tells ($gateway), and ignores the other', async (mode) => {
  expect(await receive(mode.taken, mode.gateway)).toBe('processed')
  expect(await receive(!mode.taken, mode.gateway)).toBe('ignored')
})

it.each([
  { gateway: true, livemode: false },
  { gateway: false, livemode: true },
])('goes by the setting ($livemode) where the gateway tells $gateway', async ({ gateway, livemode }) => {
  expect(await receive(livemode, gateway, { livemode })).toBe('processed')
  expect(await receive(gateway, gateway, { livemode })).toBe('ignored')
})
