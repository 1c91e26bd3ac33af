import type { AuditSealer } from '@florin/adapter-postgres'
import { type Florin, isFlorinError } from '@florin/core'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { Tracing } from '../tracing.ts'
import { runMetrics } from './run-metrics.ts'

/** What keeps everything true while nobody asks: recovery, refreshing, stored webhooks, domain events. */
export interface BackgroundWork {
  start(): void
  /** Begins nothing new, and resolves when what is running has ended. */
  stop(): Promise<void>
}

/** The part of Florin's maintenance that runs in a loop; the rest is asked for. */
export type Maintenance = Pick<
  Florin['maintenance'],
  'recover' | 'refresh' | 'retryWebhooks' | 'refundDuplicates' | 'dispatch' | 'erase' | 'prune'
>

interface Job {
  readonly name: string
  /** How long to wait when nothing is left to do. */
  readonly everyMs: number
  /** Does some of the work. Answers how much it did, and what a log should tell of it. */
  readonly run: (limit: number) => Promise<{ readonly done: number; readonly told: object }>
}

/** What looks on while the work is done. */
interface Watched {
  readonly metrics?: Metrics | undefined
  readonly tracing?: Pick<Tracing, 'job'> | undefined
}

const LIMIT = 50
const LONGEST_PAUSE_MS = 60_000

/**
 * Runs each kind of work in a loop of its own. Any number of processes may do so: core lets each piece be taken by one of
 * them.
 */
export function backgroundWork(
  { maintenance }: { readonly maintenance: Maintenance },
  logger: Logger,
  more: readonly Job[] = [],
  { metrics, tracing }: Watched = {},
): BackgroundWork {
  const jobs: readonly Job[] = [
    ...more,
    {
      name: 'recover',
      everyMs: 5000,
      async run(limit) {
        const { settled, open } = await maintenance.recover({ limit })
        return { done: settled, told: { settled, open: open.length } }
      },
    },
    {
      name: 'refresh',
      everyMs: 5000,
      async run(limit) {
        const { read, changed } = await maintenance.refresh({ limit })
        return { done: read, told: { read, changed } }
      },
    },
    {
      name: 'retry webhooks',
      everyMs: 15_000,
      run: retryingWebhooks(maintenance),
    },
    {
      name: 'refund duplicates',
      everyMs: 15_000,
      async run(limit) {
        const { refunded, left, open } = await maintenance.refundDuplicates({ limit })
        return { done: refunded, told: { refunded, left, open } }
      },
    },
    {
      name: 'dispatch events',
      everyMs: 1000,
      async run(limit) {
        const { delivered, failed, dead } = await maintenance.dispatch({ limit })
        return { done: delivered, told: { delivered, failed, dead } }
      },
    },
    {
      name: 'erase users',
      everyMs: 30_000,
      run: erasing(maintenance, logger),
    },
    {
      name: 'prune',
      everyMs: 3600_000,
      async run(limit) {
        const { pruned, made, dropped } = await maintenance.prune({ limit })
        const done = Math.max(...Object.values(pruned))
        return { done, told: { ...pruned, made, dropped } }
      },
    },
  ]
  const runs = metrics && runMetrics(metrics, jobs)
  const watched = ({ run, ...job }: Job): Job => ({
    ...job,
    async run(limit) {
      try {
        const result = await (tracing ? tracing.job(job.name, () => run(limit)) : run(limit))
        runs?.ended(job.name, 'done')
        return result
      } catch (error) {
        runs?.ended(job.name, 'failed')
        throw error
      }
    },
  })
  const stopping = new AbortController()
  let loops: readonly Promise<void>[] = []
  return {
    start() {
      loops = jobs.map((job) => loop(watched(job), logger, stopping.signal))
    },
    async stop() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

/**
 * Tries stored webhooks again: at first all that failed, since this release may be one that can apply them, then those
 * whose time has come. A storage that is away puts the first off; whatever else goes wrong with it will not pass by
 * itself, and must not keep the others waiting.
 */
function retryingWebhooks({ retryWebhooks }: Pick<Maintenance, 'retryWebhooks'>): Job['run'] {
  let all = true
  return async (limit) => {
    try {
      const { failed, ...over } = await retryWebhooks(all ? { all } : { limit })
      all = false
      const done = Object.values(over).reduce((sum, count) => sum + count, 0)
      return { done, told: { ...over, failed } }
    } catch (error) {
      all &&= isFlorinError(error) && error.kind === 'unavailable'
      throw error
    }
  }
}

/** Goes on with erasures. Where one does not end, the log is all that names the user. */
function erasing({ erase }: Pick<Maintenance, 'erase'>, logger: Logger): Job['run'] {
  return async (limit) => {
    const { erased, left } = await erase({ limit })
    for (const { userId, code } of left) {
      // Without a code it waits for what is open at Stripe.
      const level = code === undefined ? 'info' : 'warn'
      const fields = { job: 'erase users', user_id: userId, ...(code !== undefined && { code }) }
      logger[level](fields, 'an erasure does not end yet')
    }
    return { done: erased, told: { erased, left: left.length } }
  }
}

/** Reads the events that no webhook told of, as after an outage. The first run of an installation only says from when on. */
export function catchingUp({ maintenance }: CatchingUp, everyMs: number, logger: Logger): Job {
  return {
    name: 'reconcile',
    everyMs,
    async run() {
      const { warning, gapSeconds, ...counts } = await maintenance.reconcile({ fromNow: true })
      if (warning) logger.warn({ warning, gap_seconds: gapSeconds }, 'nothing was read of Stripe for long')
      if (counts.processed > 0) logger.info(counts, 'applied events that no webhook had told of')
      return { done: 0, told: counts }
    },
  }
}

interface CatchingUp {
  readonly maintenance: Pick<Florin['maintenance'], 'reconcile'>
}

/** Seals the audit log. What is told of each seal stands in the log, out of reach of who can write the database. */
export function sealing(sealer: AuditSealer, logger: Logger): Job {
  return {
    name: 'seal audit log',
    everyMs: 5000,
    async run(limit) {
      const sealed = await sealer.seal()
      if (!sealed) return { done: 0, told: {} }
      const { seq, head, keyId, signature, rows, isMore } = sealed
      // Not as `signature`, which the log redacts: this one is there to be checked.
      logger.info({ seq, head, key_id: keyId, head_signature: signature, rows }, 'audit log sealed')
      return { done: isMore ? limit : 0, told: {} }
    },
  }
}

async function loop({ name, everyMs, run }: Job, logger: Logger, stopping: AbortSignal): Promise<void> {
  let failures = 0
  while (!stopping.aborted) {
    let isMore = false
    try {
      const { done, told } = await run(LIMIT)
      isMore = done >= LIMIT
      failures = 0
      if (done > 0) logger.debug({ job: name, ...told }, 'background work')
    } catch (error) {
      failures += 1
      const level = isFlorinError(error) && error.kind === 'defect' ? 'error' : 'warn'
      logger[level]({ job: name, err: error }, 'background work failed; it is tried again')
    }
    // Apart from each other, or all processes would ask the database in the same moment.
    const pause = Math.min(everyMs * 2 ** failures, Math.max(everyMs, LONGEST_PAUSE_MS)) * (0.8 + Math.random() * 0.4)
    if (!isMore) await pausing(pause, stopping)
  }
}

function pausing(milliseconds: number, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopping.aborted) return resolve()
    const timer = setTimeout(done, milliseconds)
    stopping.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      stopping.removeEventListener('abort', done)
      resolve()
    }
  })
}
