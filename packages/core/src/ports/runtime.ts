import type { CallShare } from './call-budget.ts'

/** The time that Florin lives in. Sandbox mode hands in the sandbox's virtual clock. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
}

/** Everything that is neither pure nor stored: time, randomness and waiting. */
export interface Runtime extends Clock {
  /** Cryptographically strong random bytes. */
  randomBytes(count: number): Uint8Array
  /** Resolves after real milliseconds; used for back-off only, never to order events. */
  wait(milliseconds: number): Promise<void>
}

/** Where Florin tells what it did; the HTTP server turns it into metrics and log lines. What it throws is not heard. */
export interface Observer {
  tell(happening: Happening): void
}

/** Ids and codes only: never amounts with a name, never payloads, never secrets. */
export type Happening =
  /** A fact was proved and committed, e.g. `payment.succeeded`; payments tell their currency. */
  | { readonly what: 'fact'; readonly type: string; readonly objectId: string; readonly currency?: string }
  | { readonly what: 'operation_failed'; readonly operationId: string; readonly kind: string; readonly code: string }
  | { readonly what: 'gateway_called'; readonly call: string; readonly outcome: string; readonly milliseconds: number }
  /** A call had to wait for its place in the call budget; `refused` would have had to wait too long, and was not sent. */
  | {
      readonly what: 'gateway_awaited'
      readonly endpoint: string
      readonly share: CallShare
      readonly outcome: 'sent' | 'refused'
      readonly milliseconds: number
    }
  | {
      readonly what: 'webhook_received'
      readonly eventId: string
      readonly type: string
      readonly outcome: 'processed' | 'ignored' | 'duplicate' | 'failed'
      /** How long after the gateway made the event. */
      readonly milliseconds: number
      /** Why it is none of ours: the gateway was given this endpoint for something else. */
      readonly misdirected?: 'wrong_mode' | 'connected_account'
    }
  /** The handlers were told of an event, `milliseconds` after it was written; `failed` is told again, `dead` is not. */
  | {
      readonly what: 'event_dispatched'
      readonly eventId: string
      readonly type: string
      readonly outcome: 'delivered' | 'failed' | 'dead'
      readonly attempts: number
      readonly milliseconds: number
      /** The name and the code of what a handler threw, or Florin's own words. Never a handler's message. */
      readonly reason?: string
    }
  | { readonly what: 'unknown_status'; readonly table: string; readonly id: string; readonly status: string }
  /** A row that was read does not open: altered, moved, or its data key is lost. `keys.verify` names them all. */
  | { readonly what: 'row_unreadable'; readonly table: string; readonly id: string }
  | {
      readonly what: 'drift_found'
      readonly table: string
      readonly difference: 'different' | 'missing' | 'unknown_at_gateway'
      /** Our id; null where there is no row. */
      readonly id: string | null
      readonly gatewayId: string
    }
