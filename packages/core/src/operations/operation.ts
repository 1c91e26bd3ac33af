import type { Actor } from '../actor.ts'
import type { ErrorCode, ErrorDetails, ErrorKind } from '../errors.ts'
import type { Json } from '../json.ts'
import type { PreparedCall } from '../ports/gateway.ts'
import type { Timestamp } from '../time.ts'

/** Every use case that changes something at the gateway. */
export const operationKinds = [
  'customer.create',
  'customer.delete',
  'payment.create',
  'payment.confirm',
  'payment.capture',
  'payment.cancel',
  'refund.create',
  'payment_method.attach',
  'payment_method.detach',
  'payment_method.set_default',
  'payment_method.set_up',
  'subscription.create',
  'subscription.update',
  'subscription.resume',
  'subscription.cancel',
  'checkout_session.create',
  'billing_portal_session.create',
] as const

export type OperationKind = (typeof operationKinds)[number]

/** One call of an operation: what was or will be sent, and what is known of its answer. */
export interface StepRecord {
  readonly name: string
  readonly call: PreparedCall
  /** The gateway's id of the object that the step made or changed, once it answered. */
  readonly objectId: string | null
  readonly answered: boolean
  /** When it was first looked for in vain, in the gateway's seconds. It is never sent after that. */
  readonly missingAt?: number
}

/** What the caller was told, kept so that the same key gets the same answer. */
export type StoredAnswer =
  | { readonly outcome: 'done'; readonly value: Json }
  | {
      readonly outcome: 'refused'
      readonly kind: ErrorKind
      readonly code: ErrorCode
      readonly message: string
      readonly details: ErrorDetails
    }

/**
 * A row of `operations`: intend, call, settle. It is committed before the gateway is called and finished in the commit
 * of what came back, so that a crash at any point leaves what recovery needs to go on.
 */
export interface OperationRow {
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly kind: OperationKind
  readonly status: 'open' | 'done'
  readonly actor: Actor
  readonly userId: string | null
  /** The row that it makes or changes. */
  readonly objectId: string | null
  /** Who used the key, and for what: the same key of another caller is another key. Null where no key was given. */
  readonly callerScope: string | null
  /** The key's digest. */
  readonly callerKey: string | null
  /** Hash of the input as sent, to tell a retry from another request under the same key. */
  readonly requestHash: string | null
  readonly requestId: string | null
  /** As parsed; steps that come later are decided on it. */
  readonly input: unknown
  readonly steps: readonly StepRecord[]
  readonly answer: StoredAnswer | null
  readonly leaseId: string | null
  /** Who runs it has it until then; after that anybody may take it up. Null once it is done. */
  readonly dueAt: Timestamp | null
  readonly completedAt: Timestamp | null
}
