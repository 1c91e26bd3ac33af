import { describe, expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { UnavailableError } from '../errors.ts'
import { many } from '../ports/storage.ts'

const bound = (one: ReturnType<typeof sandboxedFlorin>) =>
  one.storage.load({ bookmarks: many('bookmarks', { id: 'gateway.account' }) })

describe('the account that a database belongs to', () => {
  it('is the one that was asked first, and stays it', async () => {
    const one = sandboxedFlorin()
    const first = await one.florin.maintenance.bindAccount()
    expect(first).toEqual({ isOurs: true, account: { id: expect.stringMatching(/^acct_/), livemode: false } })
    expect(await one.florin.maintenance.bindAccount()).toEqual(first)
    const other = sandboxedFlorin({ storage: () => one.storage, sandbox: { seed: 'another account' } })
    const refused = await other.florin.maintenance.bindAccount()
    if (!first.isOurs) throw new Error('it was bound just now')
    expect(refused).toEqual({
      ...{ isOurs: false, stored: first.account },
      given: { id: expect.not.stringMatching(first.account.id), livemode: false },
    })
    expect(await one.florin.maintenance.bindAccount()).toEqual(first)
  })

  it('is of one mode, which asks Stripe nothing', async () => {
    const one = sandboxedFlorin({ settings: { livemode: true } })
    const first = await one.florin.maintenance.bindAccount()
    const test = sandboxedFlorin({
      storage: () => one.storage,
      gateway: (inner) => ({ ...inner, account: () => Promise.reject(new Error('asked')) }),
    })
    expect(await test.florin.maintenance.bindAccount()).toEqual({
      ...{ isOurs: false, given: { livemode: false } },
      stored: first.isOurs && first.account,
    })
  })

  it('is the first one’s where two ask at once', async () => {
    const one = sandboxedFlorin()
    const other = sandboxedFlorin({ storage: () => one.storage, sandbox: { seed: 'another account' } })
    const bindings = await Promise.all([one, other].map(({ florin }) => florin.maintenance.bindAccount()))
    expect(bindings.filter(({ isOurs }) => isOurs)).toHaveLength(1)
  })

  it('is not bound where Stripe does not tell it', async () => {
    const down = new UnavailableError('gateway_unavailable', 'down', 'not_applied')
    const one = sandboxedFlorin({ gateway: (inner) => ({ ...inner, account: () => Promise.reject(down) }) })
    await expect(one.florin.maintenance.bindAccount()).rejects.toBe(down)
    expect((await bound(one)).bookmarks).toEqual([])
    // Payments go on: who cannot be told apart is not refused.
    const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
    expect((await one.florin.payments.create(order, { actor: service })).data.status).toBe('succeeded')
  })
})
