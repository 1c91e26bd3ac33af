import type { Logger } from './logger.ts'

/** Whether one thing that the server needs answers. Resolves where it does, throws where it does not. */
export interface HealthCheck {
  readonly check: () => Promise<unknown>
  /** The service goes on without it: its loss is `degraded`, not `unhealthy`. */
  readonly optional?: boolean
}

export interface HealthOptions {
  readonly checks: Readonly<Record<string, HealthCheck>>
  /** True once the server is stopping: it is then no longer ready, so that nothing new is sent to it. */
  readonly isStopping?: () => boolean
  /** Milliseconds that a check may take. Default 2000. */
  readonly timeout?: number
}

export interface Health {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly checks: Readonly<Record<string, 'healthy' | 'unhealthy'>>
}

/** Runs all checks at once. Requests that come meanwhile share the run, so that probes cannot flood a sick database. */
export function healthReader({ checks, timeout = 2000 }: HealthOptions, logger?: Logger): () => Promise<Health> {
  let running: Promise<Health> | undefined
  const run = async (): Promise<Health> => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, { check, optional = false }]) => {
        const error = await failureOf(check, timeout)
        // Only the log says why: the answer is public.
        if (error) logger?.warn({ check: name, err: error }, 'a health check failed')
        return { name, optional, healthy: error === undefined }
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
