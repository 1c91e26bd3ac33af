import { redisCallBudget } from '@florin/adapter-redis'
import type { CallBudget, CallRates } from '@florin/core'
import { memoryCallBudget } from '@florin/core/memory'
import type { Cluster, Redis } from 'ioredis'
import type { Logger } from '../logger.ts'
import { isLiveKey } from './stripe-key.ts'
import type { Config } from './variables.ts'

/** What Stripe allows an account in a second: https://docs.stripe.com/rate-limits */
export const ofAccount = (secretKey: string): number => (isLiveKey(secretKey) ? 100 : 25)

type Configured = Pick<Config, 'STRIPE_RATE_LIMIT_PER_SECOND' | 'STRIPE_ENDPOINT_RATE_LIMIT_PER_SECOND' | 'REPLICAS'>

/** The budget of all servers of the account, in Redis. None where `STRIPE_RATE_LIMIT_PER_SECOND` is 0. */
export function openCallBudget(
  config: Configured & { readonly STRIPE_SECRET_KEY: string },
  redis: Redis | Cluster,
  logger: Logger,
): CallBudget | undefined {
  const rates = ratesOf(config, ofAccount(config.STRIPE_SECRET_KEY))
  if (!rates) return undefined
  return redisCallBudget({
    ...{ redis, ...rates, replicas: config.REPLICAS },
    onLost: (reason) =>
      logger.warn(
        { replicas: config.REPLICAS, err: reason },
        'Redis is lost: this process takes its part of the calls',
      ),
    onBack: () => logger.info({}, 'Redis is back: all processes share the calls to Stripe'),
  })
}

/** The budget of a sandbox, which limits nothing by itself: none but where one is configured. */
export function sandboxCallBudget(config: Configured): CallBudget | undefined {
  const rates = ratesOf(config, 0)
  return rates && memoryCallBudget(rates)
}

function ratesOf(config: Configured, otherwise: number): CallRates | undefined {
  const perSecond = config.STRIPE_RATE_LIMIT_PER_SECOND ?? otherwise
  return perSecond === 0 ? undefined : { perSecond, perEndpointPerSecond: config.STRIPE_ENDPOINT_RATE_LIMIT_PER_SECOND }
}
