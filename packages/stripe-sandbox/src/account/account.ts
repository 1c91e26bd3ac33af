import type Stripe from 'stripe'
import { defineCollection, type Stored } from '../engine/collection.ts'
import { route, type Slice } from '../engine/slice.ts'

export const accounts = defineCollection<Stored<Stripe.Account>>('account')

/** The account that all keys belong to. Its id depends on the seed. */
export const accountSlice: Slice = {
  name: 'account',
  collections: [accounts],
  routes: [
    route({
      method: 'GET',
      path: '/v1/account',
      params: {},
      handler(context) {
        const [account] = context.store.all(accounts)
        if (account === undefined) throw new Error('the sandbox was restored from a snapshot without an account')
        return account
      },
    }),
    route({
      method: 'GET',
      path: '/v1/accounts/:id',
      params: {},
      handler: (context, _, id) => context.inPath(accounts, id),
    }),
  ],
  seed(context) {
    context.store.put(accounts, {
      id: context.newId('acct', 16),
      object: 'account',
      business_profile: null,
      business_type: null,
      capabilities: { card_payments: 'active', transfers: 'active' },
      charges_enabled: true,
      country: 'US',
      created: context.now,
      default_currency: 'usd',
      details_submitted: true,
      email: 'sandbox@florin.invalid',
      metadata: {},
      payouts_enabled: true,

      settings: null,
      type: 'standard',
    })
  },
}
