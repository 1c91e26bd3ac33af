import { expect } from '../testing/expect.ts'
import type { Promised } from '../testing/promise.ts'
import type { CallBudget, CallRates, CallShare } from './call-budget.ts'

/** Makes a budget of its own over the store under test. */
export type MakeCallBudget = (rates: CallRates) => CallBudget

const stripe: CallRates = { perSecond: 100, perEndpointPerSecond: 25 }

/** Places that were asked for together. */
interface Asked {
  /** When each may be sent, counted from when they were asked for; as exact as `spreadMs`. */
  readonly slots: readonly number[]
  /** How long the asking took: two of the slots may be so much nearer than they seem, or further. */
  readonly spreadMs: number
}

async function ask(budget: CallBudget, wanted: readonly { endpoint: string; share: CallShare }[]): Promise<Asked> {
  const start = performance.now()
  const places = await Promise.all(wanted.map((one) => budget.take(one)))
  return { slots: places.map(({ waitMs }) => waitMs), spreadMs: performance.now() - start + 2 }
}

const times = (count: number, endpoint: string, share: CallShare) =>
  Array.from({ length: count }, () => ({ endpoint, share }))

/** The most slots that lie within one window of a length. */
function busiest({ slots, spreadMs }: Asked, withinMs: number): number {
  const length = withinMs - spreadMs
  return Math.max(...slots.map((from) => slots.filter((slot) => slot >= from && slot < from + length).length))
}

/** Everything that a CallBudget promises while its store answers. */
export const callBudgetPromises: readonly Promised<MakeCallBudget>[] = [
  {
    it: 'never lets more out in any second than an endpoint takes, whoever asks',
    async check(make) {
      const budget = make(stripe)
      const everybody = [
        ...times(60, 'payment.create', 'interactive'),
        ...times(10, 'payment.create', 'recovery'),
        ...times(10, 'payment.create', 'background'),
      ]
      const asked = await ask(budget, everybody)
      expect(busiest(asked, 1000)).toBeLessThanOrEqual(25)
      const interactive = { ...asked, slots: asked.slots.slice(0, 60) }
      expect(busiest(interactive, 1000)).toBeLessThanOrEqual(17)
      expect(busiest(interactive, 250)).toBeLessThanOrEqual(5)
      // And no fewer than that: 60 at 17 a second.
      expect(Math.max(...interactive.slots)).toBeLessThan(3600 + asked.spreadMs)
    },
  },
  {
    it: 'never lets more out in any second than the account takes, on however many endpoints',
    async check(make) {
      const budget = make({ perSecond: 20, perEndpointPerSecond: 15 })
      const endpoints = ['a', 'b', 'c', 'd'].flatMap((endpoint) => times(10, endpoint, 'interactive'))
      const asked = await ask(budget, endpoints)
      expect(busiest(asked, 1000)).toBeLessThanOrEqual(14)
      // 40 at 14 a second take 2.7 s; a place that the pace of its endpoint cannot use is lost, now and then.
      expect(Math.max(...asked.slots)).toBeLessThan(3300 + asked.spreadMs)
    },
  },
  {
    it: 'keeps the part of each share, however much the others ask for',
    async check(make) {
      const budget = make({ perSecond: 25, perEndpointPerSecond: 25 })
      await ask(budget, times(50, 'payment.read', 'background'))
      await ask(budget, times(50, 'payment.read', 'recovery'))
      expect((await budget.take({ endpoint: 'payment.read', share: 'interactive' })).waitMs).toBe(0)
      const other = make({ perSecond: 25, perEndpointPerSecond: 25 })
      await ask(other, times(100, 'payment.read', 'interactive'))
      expect((await other.take({ endpoint: 'payment.read', share: 'recovery' })).waitMs).toBe(0)
      expect((await other.take({ endpoint: 'payment.read', share: 'background' })).waitMs).toBe(0)
    },
  },
  {
    it: 'gives the background most of the lists, which nobody else reads',
    async check(make) {
      const budget = make(stripe)
      const { slots, spreadMs } = await ask(budget, times(30, 'customer.list', 'background'))
      expect(Math.max(...slots)).toBeLessThanOrEqual(2000 + spreadMs)
      expect((await budget.take({ endpoint: 'customer.list', share: 'interactive' })).waitMs).toBe(0)
      const reads = await ask(budget, times(12, 'customer.read', 'background'))
      expect(Math.max(...reads.slots)).toBeGreaterThan(3000 - reads.spreadMs)
    },
  },
  {
    it: 'lets whoever asks first go first',
    async check(make) {
      const { slots, spreadMs } = await ask(make(stripe), times(40, 'payment.create', 'interactive'))
      for (const [index, slot] of slots.entries()) {
        expect(slot).toBeGreaterThanOrEqual((slots[index - 1] ?? 0) - spreadMs)
      }
    },
  },
  {
    it: 'does not hold a call up for the line of another endpoint',
    async check(make) {
      const budget = make(stripe)
      const { slots } = await ask(budget, times(100, 'payment.create', 'interactive'))
      expect(Math.max(...slots)).toBeGreaterThan(4000)
      expect((await budget.take({ endpoint: 'refund.create', share: 'interactive' })).waitMs).toBeLessThanOrEqual(250)
    },
  },
  {
    it: 'takes no place where the wait would be too long',
    async check(make) {
      const budget = make(stripe)
      const call = { endpoint: 'payment.create', share: 'interactive' } as const
      await ask(budget, times(51, call.endpoint, call.share))
      const refused = await Promise.all(Array.from({ length: 50 }, () => budget.take({ ...call, atMostMs: 1500 })))
      for (const { granted, waitMs } of refused) {
        expect(granted).toBe(false)
        expect(waitMs).toBeGreaterThan(1500)
      }
      // The line is no longer than before.
      const { granted, waitMs } = await budget.take(call)
      expect(granted).toBe(true)
      expect(waitMs).toBeLessThanOrEqual(3000)
    },
  },
  {
    it: 'lets calls go again once the window is over, and not before',
    async check(make) {
      const budget = make({ perSecond: 100, perEndpointPerSecond: 3 })
      const call = { endpoint: 'payment.create', share: 'interactive' } as const
      const start = performance.now()
      await ask(budget, times(2, call.endpoint, call.share))
      const began = performance.now()
      while (!(await budget.take({ ...call, atMostMs: 0 })).granted) {
        expect(performance.now()).toBeLessThan(began + 5000)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      // Two a second: the third goes a second after the first. Two clocks may round differently.
      expect(performance.now()).toBeGreaterThan(start + 990)
    },
  },
  {
    it: 'keeps rates of less than one a second',
    async check(make) {
      const { slots, spreadMs } = await ask(
        make({ perSecond: 1, perEndpointPerSecond: 1 }),
        times(3, 'payment.create', 'interactive'),
      )
      expect(slots[0]).toBe(0)
      expect(slots[1]).toBeGreaterThan(1428 - spreadMs)
      expect(slots[2]).toBeGreaterThan(2856 - spreadMs)
      expect(slots[2]).toBeLessThanOrEqual(2858)
    },
  },
  {
    it: 'sends nothing for a second where the gateway said that it was too much, and only there',
    async check(make) {
      const budget = make(stripe)
      const waitOf = async (endpoint: string, share: CallShare) => (await budget.take({ endpoint, share })).waitMs
      await budget.slowDown('payment.create')
      for (const share of ['interactive', 'recovery', 'background'] as const) {
        const held = await waitOf('payment.create', share)
        expect(held).toBeGreaterThan(0)
        expect(held).toBeLessThanOrEqual(1000)
        expect(await waitOf('refund.create', share)).toBe(0)
      }
      await budget.slowDown(null)
      expect(await waitOf('customer.create', 'interactive')).toBeGreaterThan(0)
    },
  },
  {
    it: 'refuses rates that nothing could be sent under',
    async check(make) {
      for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => make({ ...stripe, perSecond: wrong })).toThrow(/perSecond/)
        expect(() => make({ ...stripe, perEndpointPerSecond: wrong })).toThrow(/perEndpointPerSecond/)
      }
    },
  },
]
