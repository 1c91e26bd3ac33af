import { expect, it } from 'vitest'
import { alice, bob, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

const input = { userId: alice.id, returnUrl: 'https://shop.example/account' }

it('opens the portal for the user itself or a service, and for nobody else', async () => {
  const { florin, sandbox } = sandboxedFlorin()
  for (const actor of [alice, service]) {
    const { data } = await florin.billingPortalSessions.create(input, { actor })
    expect(data).toMatchObject({ object: 'billing_portal_session', userId: alice.id })
    expect([data.id, data.url]).toEqual([expect.stringMatching(/^bps_/), expect.stringMatching(/^https:/)])
  }
  expect(sandbox.state.all('customer')).toHaveLength(1)
  await expect(florin.billingPortalSessions.create(input, { actor: bob })).rejects.toMatchObject({ code: 'forbidden' })
})

it('answers the same page under the same key, also when the answer was lost', async () => {
  const { florin, sandbox } = sandboxedFlorin()
  await florin.billingPortalSessions.create(input, { actor: alice })
  sandbox.faults.inject({ kind: 'cut', path: '/v1/billing_portal/sessions' })
  const caller = { actor: alice, idempotencyKey: 'portal' }
  await expect(florin.billingPortalSessions.create(input, caller)).rejects.toMatchObject({ outcome: 'unknown' })
  const second = await florin.billingPortalSessions.create(input, caller)
  expect(await florin.billingPortalSessions.create(input, caller)).toEqual({ ...second, replayed: true })
  expect(sandbox.state.all('billing_portal.session')).toHaveLength(2)
})

it('is given up by recovery where it cannot be looked up any more', async () => {
  const { florin, sandbox, advance } = sandboxedFlorin()
  await florin.billingPortalSessions.create(input, { actor: alice })
  sandbox.faults.inject({ kind: 'cut', path: '/v1/billing_portal/sessions' })
  await expect(florin.billingPortalSessions.create(input, { actor: alice })).rejects.toMatchObject({
    outcome: 'unknown',
  })
  await advance(24 * 3600)
  expect(await florin.maintenance.recover()).toMatchObject({ settled: 1, open: [] })
})

it.each(['/account', 'javascript:alert(1)', ''])('refuses to lead back to %j', async (returnUrl) => {
  const { florin } = sandboxedFlorin()
  const create = florin.billingPortalSessions.create({ ...input, returnUrl }, { actor: alice })
  await expect(create).rejects.toMatchObject({ code: 'input_invalid', details: { fields: [{ field: 'returnUrl' }] } })
})
