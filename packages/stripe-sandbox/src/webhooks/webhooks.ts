import type { Context } from '../engine/context.ts'
import { events, type WebhookDelivery, webhookDeliveries, webhookQueue } from '../engine/events.ts'
import { deliverNext, queueDelivery, requeueUnderWay } from './webhook-delivery.ts'
import { changeMode, modeOf, type WebhookMode } from './webhook-mode.ts'
import type { WebhookSender } from './webhook-sender.ts'

/** Delivery of events: how it misbehaves, and what became of each. */
export interface SandboxWebhooks {
  /** Resolves when nothing is under way and nothing is due now. What is held or waits for the clock does not count. */
  settled(): Promise<void>
  mode(): WebhookMode
  /** Changes some rules; `setMode()` alone restores calm. Events held so far stay held until `flush`. */
  setMode(mode?: Partial<WebhookMode>): WebhookMode
  /** Sends what is held or delayed, and waits for it. Retries keep their time. Gives the number of deliveries. */
  flush(): Promise<number>
  /** Sends an event once more to every endpoint that it was for. */
  redeliver(eventId: string): Promise<void>
  deliveries(): readonly WebhookDelivery[]
}

/** The delivery loop of one sandbox. `wake` starts it after an effect, `resume` after the state was replaced. */
export function createWebhooks(
  context: Context,
  options: { send: WebhookSender; timeout: number; mode?: Partial<WebhookMode> },
): SandboxWebhooks & { wake(): void; resume(): void; stop(): void } {
  const mode = (): WebhookMode => modeOf(context.store)
  if (options.mode !== undefined) changeMode(context.store, options.mode)
  let running = 0
  let stopped = false
  const idle: (() => void)[] = []
  const parts = { context, mode, send: options.send, timeout: options.timeout }
  const isDue = (): boolean => (context.state.tables.get(webhookQueue.name)?.size ?? 0) > 0
  const work = async (): Promise<void> => {
    // The caller's answer goes first, unless the mode wants the opposite.
    if (!mode().before_answer) await new Promise<void>((resolve) => setImmediate(resolve))
    while (!stopped && (await deliverNext(parts)));
  }
  const wake = (): void => {
    while (!stopped && running < mode().concurrency && isDue() && running < queueSize()) {
      running += 1
      void work().finally(() => {
        running -= 1
        if (isDue() && !stopped) wake()
        if (running === 0) for (const resolve of idle.splice(0)) resolve()
      })
    }
  }
  const queueSize = (): number => context.state.tables.get(webhookQueue.name)?.size ?? 0
  const settled = async (): Promise<void> => {
    wake()
    if (running > 0) await new Promise<void>((resolve) => idle.push(resolve))
  }
  return {
    wake,
    settled,
    stop() {
      stopped = true
    },
    resume() {
      requeueUnderWay(context)
      wake()
    },
    mode,
    setMode: (change) => changeMode(context.store, change),
    async flush() {
      const back = context.store
        .all(webhookDeliveries)
        .filter(({ status, attempts }) => status === 'held' || (status === 'waiting' && attempts.length === 0))
      for (const { id } of back) queueDelivery(context, id, { forced: true })
      await settled()
      return back.length
    },
    async redeliver(eventId) {
      if (context.store.find(events, eventId) === undefined) throw new Error(`no event ${eventId}`)
      for (const delivery of context.store.all(webhookDeliveries)) {
        if (delivery.event === eventId) queueDelivery(context, delivery.id, { forced: true })
      }
      await settled()
    },
    deliveries: () => context.store.all(webhookDeliveries),
  }
}
