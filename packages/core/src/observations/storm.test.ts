import { describe, expect, it } from 'vitest'
import { sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { differences } from '../../test/truth.ts'
import { memoryCallBudget } from '../memory/index.ts'
import type { PaymentGateway } from '../ports/gateway.ts'

// 2,000 by hand (docs/proofs.md); memory storage looks at every row, so the time grows with the square.
const SUBSCRIPTIONS = Number(process.env.STORM ?? 200)
const DAY = 24 * 3600

const mostInASecond = (calls: readonly { readonly at: number }[]): number =>
  Math.max(...calls.map(({ at }) => calls.filter((other) => other.at >= at && other.at < at + 1000).length))

describe('a storm of subscriptions that renew within one minute', () => {
  it('costs no call in the webhooks, and ends in Stripe’s state', async () => {
    // Waiting takes no time here, but is counted: so the calls have their times, as they would be sent at.
    let waitedMs = 0
    const reads: { readonly endpoint: string; readonly at: number }[] = []
    const clock = { now: () => one.sandbox.clock.now() * 1000 + waitedMs }
    const one = sandboxedFlorin({
      sandbox: { webhookMode: { reorder: 8, duplicate: 0.2 } },
      callBudget: memoryCallBudget({ perSecond: 100, perEndpointPerSecond: 25, clock }),
      wait: async (milliseconds) => {
        waitedMs += milliseconds
      },
      gateway: (inner: PaymentGateway) => ({
        ...inner,
        read: (ref) => {
          reads.push({ endpoint: ref.object, at: clock.now() })
          return inner.read(ref)
        },
      }),
    })
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

    reads.length = 0
    let read = 0
    for (let round = 0; round < 12; round += 1) {
      read += (await florin.maintenance.refresh({ limit: 225 })).read
      await advance(60)
    }
    expect(await differences(one)).toEqual([])
    expect(reads).toHaveLength(read)
    // 15 % of 25 a second on any one endpoint, and of 100 in all.
    const kinds = [...new Set(reads.map(({ endpoint }) => endpoint))]
    const busiest = Math.max(...kinds.map((kind) => mostInASecond(reads.filter(({ endpoint }) => endpoint === kind))))
    expect(busiest).toBeLessThanOrEqual(3)
    expect(mostInASecond(reads)).toBeLessThanOrEqual(15)
    console.log(`${SUBSCRIPTIONS} renewals took ${seconds.toFixed(1)} s, then ${read} rows were read again`)
    console.log(`at most ${busiest} reads of one kind in a second, ${mostInASecond(reads)} in all`)
  }, 300_000)
})
