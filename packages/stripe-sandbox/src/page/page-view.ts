import type { Context } from '../engine/context.ts'
import type { Faults } from '../engine/faults.ts'
import type { RequestLog } from '../engine/request-log.ts'
import type { SandboxWebhooks } from '../webhooks/webhooks.ts'

/** What the page shows: the sandbox as it is at this moment. */
export interface PageView {
  readonly context: Context
  readonly faults: Pick<Faults, 'list'>
  readonly requests: Pick<RequestLog, 'list'>
  readonly webhooks: Pick<SandboxWebhooks, 'mode' | 'deliveries'>
  /** Whether virtual time passes by itself. */
  readonly ticking: boolean
  /** The section of which every row is shown, if any. */
  readonly all: string | null
}
