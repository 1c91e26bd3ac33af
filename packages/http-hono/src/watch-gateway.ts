import type { Observer } from '@florin/core'
import type { HealthCheck } from './health.ts'

export interface GatewayCallSeen {
  /** `accepted`, `declined`, `rejected`, or the code of the error where there was no answer. */
  readonly outcome: string
  readonly secondsAgo: number
}

/** After this long without a call, nobody knows how the gateway is: it counts as well. */
const COUNTS_MS = 60_000

const answers = ['accepted', 'declined', 'rejected']

/**
 * Watches the gateway by the calls that are made anyway: a probe of its own would use up Stripe's limits. Give
 * `observer` to `createFlorin`, and the rest to `/health`.
 */
export function gatewayWatch(now: () => number = () => performance.now()) {
  let last: { readonly outcome: string; readonly at: number } | undefined
  const observer: Observer = {
    tell(happening) {
      if (happening.what === 'gateway_called') last = { outcome: happening.outcome, at: now() }
    },
  }
  const check: HealthCheck = {
    // Reads, webhooks and health itself go on while the gateway is away.
    optional: true,
    async check() {
      if (!last || answers.includes(last.outcome) || now() - last.at > COUNTS_MS) return
      throw new Error(`the latest call of the gateway came to ${last.outcome}`)
    },
  }
  const lastGatewayCall = (): GatewayCallSeen | undefined =>
    last && { outcome: last.outcome, secondsAgo: Math.floor((now() - last.at) / 1000) }
  return { observer, check, lastGatewayCall }
}
