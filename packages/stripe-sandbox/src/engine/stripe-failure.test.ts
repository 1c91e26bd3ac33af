import { expect, test } from 'vitest'
import { invalidParam, invalidRequest } from './stripe-failure.ts'

test('a code is one of stripe-node, and says where it is documented', () => {
  expect(invalidRequest('x', { code: 'resource_missing' }).body.doc_url).toBe(
    'https://stripe.com/docs/error-codes/resource-missing',
  )
  expect(invalidParam('x', 'source', 'sandbox_unsupported').body).not.toHaveProperty('doc_url')
  // @ts-expect-error Stripe has no such code: it says in words alone that an invoice is paid.
  expect(invalidRequest('x', { code: 'invoice_already_paid' }).status).toBe(400)
})
