import type { z } from 'zod'
import type { Actor } from '../actor.ts'
import type { Deps, Settings } from '../deps.ts'
import type { FlorinError } from '../errors.ts'
import type { Fact } from '../events/domain-event.ts'
import type { NewId } from '../ids.ts'
import type { Json } from '../json.ts'
import type { RowSet } from '../observations/row-set.ts'
import type { Answer, GatewayCall } from '../ports/gateway.ts'
import type { Change, Loaded, Query } from '../ports/storage.ts'
import type { Timestamp } from '../time.ts'
import type { OperationKind, OperationRow } from './operation.ts'

/** Who asks, and under which key. */
export interface Caller {
  readonly actor: Actor
  /**
   * The same key and input get the stored answer, for a day (`Settings.idempotencyKeyMs`); 1 to 255 printable ASCII
   * characters. Two calls without a key are two payments: `Settings.requireIdempotencyKey` refuses payments, refunds and
   * new subscriptions that come without one.
   */
  readonly idempotencyKey?: string | undefined
  /** Names the request in the audit log. */
  readonly requestId?: string | undefined
  /**
   * Until when the caller waits, e.g. `AbortSignal.timeout(30_000)`. What was begun by then goes on: the caller is told
   * that its outcome is not known yet.
   */
  readonly signal?: AbortSignal | undefined
}

/** What a changing use case answers. */
export interface Performed<View> {
  readonly data: View
  /** The record of what was done; names it to support and in the audit log. */
  readonly operationId: string | null
  /** The answer was stored by an earlier request with the same key. */
  readonly replayed: boolean
}

/** What decisions need besides rows. */
export interface Deciding {
  readonly now: Timestamp
  readonly newId: NewId
  readonly operationId: string
  readonly actor: Actor
  readonly settings: Settings
}

/** A call to make, under the name that its idempotency key carries. */
interface Step {
  readonly name: string
  readonly call: GatewayCall
}

/** What a use case decides on what it read. Refusals are thrown. */
export type Decision<View> =
  /** Write these rows, then call. */
  | {
      readonly objectId: string | null
      readonly userId: string | null
      readonly changes: readonly Change[]
      readonly step: Step
      /** What must not be called for by two at once, e.g. `payment:tx_…`. */
      readonly lease?: string
    }
  /** Nothing to do: it is so already, for good, or for as long as nobody changes what the lease is on. */
  | { readonly done: View; readonly lease?: string }
  /** More must be read, which was only known now; then decide again. */
  | { readonly read: Query }
  /** Something must exist first; then read and decide again. */
  | { readonly needs: (deps: Deps, caller: Caller) => Promise<unknown> }

/** What a step's answer is judged by: the rows already hold what it told. */
export interface Settling<Input> {
  readonly answer: Answer
  readonly step: string
  readonly rows: RowSet
  readonly operation: OperationRow
  readonly input: Input
  readonly now: Timestamp
}

/** What follows from a step's answer: another call, the use case's answer, or a refusal that is stored as its answer. */
export type Settled<View> = {
  readonly rows: RowSet
  /** That something was not made: nothing at the gateway will ever show it. */
  readonly facts?: readonly Fact[]
} & ({ readonly step: Step } | { readonly done: View; readonly objectId?: string } | { readonly refused: FlorinError })

/**
 * A use case that changes something at the gateway, as data for the one engine that runs them all (perform.ts): read in
 * one round trip, decide, commit the intent, call, commit what came back.
 */
export interface UseCase<Input, Q extends Query, View extends Json> {
  readonly kind: OperationKind
  readonly input: z.ZodType<Input>
  /** It gives back or ends something, so it is done for erased users too. Others are refused. */
  readonly afterErasure?: true
  /** The object that is addressed, if any: a key is scoped to it. */
  target?(input: Input): string
  /** The lease that it will need, as far as the input tells; read together with the rest. */
  lease?(input: Input): string
  /** Throws where the actor may not do this at all. */
  authorize(input: Input, actor: Actor, settings: Settings): void
  /** What to read, scoped to what the actor may see. */
  read(input: Input, actor: Actor): Q
  /** Decides. Pure; throws refusals, which are not stored. */
  intend(loaded: Loaded<Q>, input: Input, deciding: Deciding): Decision<View>
  /** What to read again to settle an operation without its first reading. */
  reread(operation: OperationRow): Query
  /** Judges a step's answer. Pure. */
  settle(settling: Settling<Input>): Settled<View>
}
