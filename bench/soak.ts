import { readdirSync, readFileSync } from 'node:fs'
import { manyCalls, startFlorin, token, webhookSecret } from './servers.ts'
import type { Running } from './suite.ts'
import { here, type World } from './world.ts'

/** What a soak came to, minute by minute. */
export interface Soak {
  readonly perSecond: { readonly peak: number; readonly sent: number }
  readonly samples: readonly SoakSample[]
}

interface SoakSample {
  readonly minute: number
  readonly requests: number
  readonly failures: Readonly<Record<string, number>>
  readonly p99: number
  /** Resident memory of the server, in megabytes. */
  readonly memory: number
  /** Open files and sockets of the server. */
  readonly handles: number
}

const CONNECTIONS = 64
const SHARE_OF_PEAK = 0.7
const WINDOW_MS = 20_000

/**
 * Sends webhooks and payments in turns for long, at 70 % of the rate that the server reached before, and looks at what
 * grows: memory, open handles, errors.
 */
export async function soak(world: World, minutes: number, tell: (sample: SoakSample) => void): Promise<Soak> {
  const running = await startFlorin(world, { name: 'florin_soak', env: manyCalls })
  try {
    let round = 0
    const send = async (kind: 'webhooks' | 'payments', milliseconds: number, perSecond?: number) => {
      round += 1
      const most = perSecond ?? 9000
      const order = {
        ...(kind === 'webhooks' ? webhooksOf(round) : await paymentsOf(round)),
        ...{ ports: [running.port], connections: CONNECTIONS, repeat: false },
        ...{ count: Math.ceil((most * (milliseconds + 1000)) / 1000), warmUpMs: 500, measureMs: milliseconds },
        ...(perSecond !== undefined && { perSecond }),
      }
      const nothing = () => undefined
      return world.load.run(order, nothing, nothing)
    }
    const rateOf = (result: { requests: number; milliseconds: number }) =>
      (result.requests / result.milliseconds) * 1000
    await send('webhooks', WINDOW_MS)
    await send('payments', WINDOW_MS)
    const peaks = {
      webhooks: rateOf(await send('webhooks', 5000)),
      payments: rateOf(await send('payments', 5000)),
    }
    const samples: SoakSample[] = []
    const began = performance.now()
    const passed = () => (performance.now() - began) / 60_000
    while (passed() < minutes) {
      const results = []
      for (const kind of ['webhooks', 'payments'] as const) {
        results.push(await send(kind, WINDOW_MS, peaks[kind] * SHARE_OF_PEAK))
      }
      const sample = {
        minute: Math.round(passed() * 10) / 10,
        requests: results.reduce((sum, { sent }) => sum + sent, 0),
        failures: summed(results.map(({ failures }) => failures)),
        p99: Math.max(...results.map(({ p99 }) => p99)),
        ...sizeOf(running),
      }
      samples.push(sample)
      tell(sample)
    }
    const sent = samples.reduce((sum, { requests }) => sum + requests, 0) / (minutes * 60)
    return { perSecond: { peak: (peaks.webhooks + peaks.payments) / 2, sent }, samples }
  } finally {
    await running.stop()
  }
}

function summed(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const [what, count] of counts.flatMap((one) => Object.entries(one))) sums[what] = (sums[what] ?? 0) + count
  return sums
}

const webhooksOf = (round: number) => ({
  module: here('load/webhook-requests.ts'),
  parameters: { path: '/api/v1/webhooks/stripe', secret: webhookSecret, round },
})

async function paymentsOf(round: number) {
  const bodies = Array.from({ length: 250 }, (_, index) => ({
    ...{ user_id: `user_${index}`, amount: 1999, currency: 'USD', payment_method: 'pm_card_visa' },
  }))
  const headers = {
    Authorization: `Bearer ${await token('shop', 'service')}`,
    'Idempotency-Key': `soak-${round}-#`,
  }
  return {
    module: here('load/api-requests.ts'),
    parameters: { method: 'POST', paths: ['/api/v1/payments'], bodies, headers },
  }
}

function sizeOf({ pid }: Running): Pick<SoakSample, 'memory' | 'handles'> {
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return { memory: Math.round(kilobytes / 1024), handles: readdirSync(`/proc/${pid}/fd`).length }
}
