/**
 * A stateful, deterministic emulator of the part of Stripe's API that a payments backend uses.
 *
 * @module
 */
export {
  createStripeSandbox,
  type FetchInput,
  type SandboxOptions,
  type SandboxState,
  type StripeSandbox,
  type WebhookEndpointOption,
} from './create-sandbox.ts'
export type { Answer, Outcome } from './engine/answer.ts'
export { currentApiVersion } from './engine/api-versions.ts'
export type { SandboxClock } from './engine/clock.ts'
export type { DeliveryAttempt, WebhookDelivery } from './engine/events.ts'
export type { Fault, FaultKind, FaultRequest, Faults } from './engine/faults.ts'
export type { RateLimit } from './engine/limits.ts'
export type { LoggedRequest, RequestLog } from './engine/request-log.ts'
export type { SandboxSnapshot } from './engine/state.ts'
export { type ServedSandbox, serveSandbox } from './serve-sandbox.ts'
export type { WebhookMode } from './webhooks/webhook-mode.ts'
export { sendToLoopback, type WebhookSender } from './webhooks/webhook-sender.ts'
export { signWebhook } from './webhooks/webhook-signature.ts'
export type { SandboxWebhooks } from './webhooks/webhooks.ts'
