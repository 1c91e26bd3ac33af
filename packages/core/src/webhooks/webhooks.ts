import type { Actor } from '../actor.ts'
import type { Caller } from '../operations/use-case.ts'
import type { Page } from '../page.ts'
import type { ListWebhookEvents } from './list-webhook-events.ts'
import type { Received } from './receive-webhook.ts'
import type { WebhookEvent } from './webhook-event.ts'

/** Stripe's webhooks: where they come in, and what became of each. */
export interface Webhooks {
  /**
   * Takes a webhook: verifies and stores it, and applies what it tells, in one commit. Answer 2xx only when this
   * returns, whatever its `outcome`. A duplicate changes nothing; order does not matter; Stripe is never called.
   *
   * An event that cannot be applied is stored all the same, and tried again by `maintenance.retryWebhooks`. What comes
   * among its first four tries, those retries included, throws, so that Stripe sends it again too; later ones return,
   * with the outcome `failed`.
   *
   * @example
   * app.post('/webhooks/stripe', express.raw({ type: () => true }), async (request, response) => {
   *   await florin.webhooks.receive(request.body, request.header('stripe-signature'))
   *   response.json({ received: true })
   * })
   *
   * @param body the request's raw text or bytes: one that was parsed and written again does not verify
   * @param signature the header `Stripe-Signature`, if there is one
   * @throws `invalid` webhook_signature_invalid, webhook_payload_invalid: answer 400 · input_invalid: the body was parsed
   *   before it came here
   * @throws `unavailable` storage_unavailable, overloaded, webhook_event_not_applied (it is stored, and not applied
   *   yet): answer 5xx, and Stripe sends it again
   */
  receive(body: string | Uint8Array, signature: string | null | undefined): Promise<Received>
  /**
   * Reads what became of a webhook, by Stripe's id of its event (`evt_…`). Its body is shown to nobody.
   *
   * @throws `invalid` webhook_event_not_found, input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  get(id: string, actor: Actor): Promise<WebhookEvent>
  /**
   * Lists webhook events, newest first: all of them, those of a `status`, or those of a `type` that failed or were
   * ignored.
   *
   * @throws `invalid` input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  list(input: ListWebhookEvents, actor: Actor): Promise<Page<WebhookEvent>>
  /**
   * Applies a stored webhook event again, from the body that was verified when it came, and answers what became of it.
   * Harmless: one that was processed changes nothing that is right, and tells nothing again; one that failed or was
   * ignored is processed, or keeps the reason why not. Stripe is not called. Who asked is audited.
   *
   * @throws `invalid` webhook_event_not_found, input_invalid
   * @throws `refused` forbidden, webhook_event_not_replayable: its body is no longer kept
   * @throws `unavailable` storage_unavailable, overloaded
   */
  replay(id: string, caller: Pick<Caller, 'actor' | 'requestId'>): Promise<WebhookEvent>
}
