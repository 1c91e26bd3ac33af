import { describe, expect, it } from 'vitest'
import { sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { differences } from '../../test/truth.ts'

// 2,000 by hand (docs/proofs.md); memory storage looks at every row, so the time grows with the square.
const SUBSCRIPTIONS = Number(process.env.STORM ?? 200)
const DAY = 24 * 3600

describe('a storm of subscriptions that renew within one minute', () => {
  it('costs no call in the webhooks, and ends in Stripe’s state', async () => {
    const one = sandboxedFlorin({ sandbox: { webhookMode: { reorder: 8, duplicate: 0.2 } } })
    const { florin, sandbox, counts, advance } = one
    for (let user = 0; user < SUBSCRIPTIONS; user += 1) {
      const plan = { userId: `user_${user}`, priceId: 'price_1234567890', trialDays: 7 }
      await florin.subscriptions.create({ ...plan, paymentMethod: 'pm_card_visa' }, { actor: service })
    }
    await sandbox.webhooks.settled()
    counts.reset()
    const started = performance.now()
    await advance(7 * DAY + 3700)
    const seconds = (performance.now() - started) / 1000
    expect(counts.calls).toBe(0)
    expect(sandbox.state.all('invoice')).toHaveLength(2 * SUBSCRIPTIONS)

    let read = 0
    for (let round = 0; round < 12; round += 1) {
      // One round reads what one minute's share of 25 a second allows the refresher.
      read += (await florin.maintenance.refresh({ limit: 225 })).read
      await advance(60)
    }
    expect(await differences(one)).toEqual([])
    console.log(`${SUBSCRIPTIONS} renewals took ${seconds.toFixed(1)} s, then ${read} rows were read again`)
  }, 300_000)
})
