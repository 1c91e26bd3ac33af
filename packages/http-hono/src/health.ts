import type { Logger } from './logger.ts'
import type { GatewayCallSeen } from './watch-gateway.ts'

/** Whether one thing that the server needs answers. Resolves where it does, throws where it does not. */
export interface HealthCheck {
  readonly check: () => Promise<unknown>
  /** The service goes on without it: its loss is `degraded`, not `unhealthy`. */
  readonly optional?: boolean
  /** Milliseconds for which a good answer counts, so that many probes cost little. A bad one never counts again. */
  readonly goodForMs?: number
  /** Milliseconds that it may take; the common `timeout` where absent. */
  readonly timeout?: number
}

export interface HealthOptions {
  readonly checks: Readonly<Record<string, HealthCheck>>
  /** True once the server is stopping: it is then no longer ready, so that nothing new is sent to it. */
  readonly isStopping?: () => boolean
  /** Milliseconds that a check may take. Default 2000. */
  readonly timeout?: number
  /** What became of the latest call of the gateway, for `/health?verbose`. */
  readonly lastGatewayCall?: () => GatewayCallSeen | undefined
}

export interface Health {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly checks: Readonly<Record<string, 'healthy' | 'unhealthy'>>
}

/** Runs all checks at once. Requests that come meanwhile share the run, so that probes cannot flood a sick database. */
export function healthReader({ checks, timeout = 2000 }: HealthOptions, logger?: Logger): () => Promise<Health> {
  let running: Promise<Health> | undefined
  const goodUntil = new Map<string, number>()
  const isHealthy = async (
    name: string,
    { check, goodForMs = 0, timeout: own = timeout }: HealthCheck,
  ): Promise<boolean> => {
    if (performance.now() < (goodUntil.get(name) ?? 0)) return true
    const error = await failureOf(check, own)
    // Only the log says why: the answer is public.
    if (error) logger?.warn({ check: name, err: error }, 'a health check failed')
    goodUntil.set(name, error ? 0 : performance.now() + goodForMs)
    return error === undefined
  }
  const run = async (): Promise<Health> => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const { optional = false } = check
        return { name, optional, healthy: await isHealthy(name, check) }
      }),
    )
    const lost = results.filter(({ healthy }) => !healthy)
    const status = lost.length === 0 ? 'healthy' : lost.every(({ optional }) => optional) ? 'degraded' : 'unhealthy'
    const shown = results.map(({ name, healthy }) => [name, healthy ? 'healthy' : 'unhealthy'] as const)
    return { status, checks: Object.fromEntries(shown) }
  }
  return () => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
}

async function failureOf(check: () => Promise<unknown>, timeout: number): Promise<Error | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout)
  })
  try {
    await Promise.race([check(), tooLong])
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error('it threw something that is no error')
  } finally {
    clearTimeout(timer)
  }
}
