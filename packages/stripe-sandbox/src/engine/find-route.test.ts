import { describe, expect, test } from 'vitest'
import { monthly } from '../../test/billing-rig.ts'
import { authorized, openRig, openSandbox, transports } from '../../test/rig.ts'
import { type StripeOperation, stripeOperations } from '../../test/stripe-operations.ts'
import { slices } from '../slices.ts'
import { findRoute } from './find-route.ts'
import { createRegistry } from './registry.ts'
import { StripeFailure } from './stripe-failure.ts'

const registry = createRegistry(slices)

/** The code of a failure, or that there is none. */
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work()
    return 'none'
  } catch (error) {
    if (error instanceof StripeFailure) return error.body.code
    throw error
  }
}

/** The route that means the same operation, not one that takes a word for an id. */
const routeOf = ({ method, path }: StripeOperation) => {
  const asked = { method, path: path.replaceAll(':id', 'x_1') }
  const found = codeOf(() => findRoute(registry, asked)) === 'none' ? findRoute(registry, asked).route : undefined
  return found?.path.replaceAll(/:\w+/g, ':id') === path ? found : undefined
}

describe('of all that stripe-node can ask for', () => {
  const operations = stripeOperations()

  test('what the sandbox does not imitate is refused as that', () => {
    const missing = operations.filter((operation) => routeOf(operation) === undefined)
    expect(missing.length).toBeGreaterThan(500)
    const blamed = missing.filter(
      ({ method, path }) =>
        codeOf(() => findRoute(registry, { method, path: path.replaceAll(':id', 'x_1') })) !== 'sandbox_unsupported',
    )
    expect(blamed.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })

  test('the parameters of the rest are known, be they imitated or not', () => {
    const unknown = operations.flatMap((operation) =>
      operation
        .params()
        .filter(
          (param) => codeOf(() => routeOf(operation)?.prepare({ [param]: '' }, ['x', 'y'])) === 'parameter_unknown',
        )
        .map((param) => `${operation.resource}.${operation.name}: ${param}`),
    )
    expect(unknown).toEqual([])
  })
})

describe.each(transports)('what is not imitated, %s', (transport) => {
  test('is told as such, also where it looks like an id', async () => {
    const { stripe } = await openRig(transport)
    const { id: customer } = await stripe.customers.create()
    for (const call of [
      stripe.customers.search({ query: "email:'a@b.c'" }),
      stripe.invoices.createPreview({ customer }),
      stripe.promotionCodes.list(),
      stripe.subscriptionItems.update('si_1', { quantity: 2 }),
      stripe.testHelpers.testClocks.create({ frozen_time: 1_800_000_000 }),
      stripe.v2.core.events.list({ object_id: customer }),
      stripe.paymentMethods.create({ type: 'sepa_debit', sepa_debit: { iban: 'AT611904300234573201' } }),
      stripe.paymentIntents.create({ amount: 500, currency: 'eur', allowed_payment_method_types: ['sepa_debit'] }),
      stripe.paymentIntents.create({
        amount: 500,
        currency: 'eur',
        payment_method_options: { sepa_debit: { setup_future_usage: 'off_session' } },
      }),
      stripe.setupIntents.create({ payment_method_options: { card: { request_three_d_secure: 'any' } } }),
      stripe.disputes.update('du_1', { evidence: { receipt: 'file_1' } }),
      stripe.subscriptions.create({ customer, items: [{ price: monthly }], automatic_tax: { enabled: true } }),
      stripe.customers.list({}, { stripeAccount: 'acct_other' }),
      stripe.customers.list({}, { stripeContext: 'acct_other' }),
    ]) {
      await expect(call).rejects.toMatchObject({ statusCode: 400, code: 'sandbox_unsupported' })
    }
    await expect(stripe.rawRequest('POST', '/v1/sausages')).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringContaining('Unrecognized request URL (POST: /v1/sausages)'),
    })
  })
})

test('another slice may imitate it', async () => {
  const search = { method: 'GET', path: '/v1/customers/search', publishable: false } as const
  const prepare = () => ({
    expand: [],
    locks: () => [],
    run: () => ({ object: 'list', data: [], has_more: false, url: '/v1/customers/search' }),
  })
  const sandbox = openSandbox({ slices: [...slices, { name: 'search', routes: [{ ...search, prepare }] }] })
  const answer = await sandbox.fetch('http://sandbox/v1/customers/search', { headers: authorized })
  expect(answer.status).toBe(200)
})
