import { describe, expect, it } from 'vitest'
import { readStripeEvent } from './stripe-webhook.ts'

const event = (object: object) =>
  readStripeEvent({
    ...{ id: 'evt_1', object: 'event', type: 'anything.happened', api_version: '2022-11-15', livemode: false },
    ...{ account: null, created: 1, data: { object } },
  })

describe('the owner of an event, by which an erasure finds it', () => {
  it.each([
    { of: 'a payment: its customer', object: { id: 'pi_1', customer: 'cus_1' }, owner: 'cus_1' },
    {
      of: 'an expanded one',
      object: { id: 'ch_1', customer: { id: 'cus_1' }, payment_intent: 'pi_1' },
      owner: 'cus_1',
    },
    { of: 'a customer: itself', object: { id: 'cus_1', object: 'customer' }, owner: 'cus_1' },
    {
      of: 'a refund of versions that name no customer',
      object: { id: 're_1', payment_intent: 'pi_1', charge: 'ch_1' },
      owner: 'pi_1',
    },
    { of: 'a dispute of a charge alone', object: { id: 'dp_1', payment_intent: null, charge: 'ch_1' }, owner: 'ch_1' },
    {
      of: 'what pays an invoice',
      object: { id: 'inpay_1', payment: { type: 'payment_intent', payment_intent: 'pi_1' } },
      owner: 'pi_1',
    },
    { of: 'a card that was detached: itself', object: { id: 'pm_1', customer: null }, owner: 'pm_1' },
    { of: 'something of another shape', object: { id: 'x_1', customer: 7, payment: 'none', charge: [] }, owner: 'x_1' },
    { of: 'what has no id', object: { object: 'balance' }, owner: null },
  ])('is, of $of', ({ object, owner }) => {
    expect(event(object).ownerId).toBe(owner)
  })
})

describe('whose an event is, where Florin does not read its object', () => {
  it.each([
    { told: 'a payment itself', object: { id: 'pi_1', object: 'payment_intent', customer: 'cus_1' }, payment: 'pi_1' },
    { told: 'its payment', object: { id: 'ch_1', customer: 'cus_1', payment_intent: { id: 'pi_1' } }, payment: 'pi_1' },
    { told: 'what pays an invoice', object: { id: 'inpay_1', payment: { payment_intent: 'pi_1' } }, payment: 'pi_1' },
    { told: 'a user', object: { id: 'ch_1', metadata: { florin_user: 'user_1' } }, user: 'user_1' },
    { told: 'nobody', object: { id: 'ch_1', metadata: ['of another shape'] } },
  ])('is told by $told', ({ object, payment = null, user = null }) => {
    expect(event(object)).toMatchObject({ paymentId: payment, userId: user })
  })
})
