import type { Json } from '../json.ts'
import type { Observation } from '../observations/observation.ts'

/** What is written into an object's metadata at the gateway, so that it can be found again without its id. */
export interface Tag {
  /** Our row. */
  readonly florinId: string
  readonly operationId: string
  readonly userId: string
  /** What the user owes under, so that success by another way is known for what it is. */
  readonly reference?: string
}

/** Everything that Florin asks of a gateway, as data. Amounts in the smallest unit, ids the gateway's. */
export type GatewayCall =
  | { readonly do: 'customer.create'; readonly tag: Tag }
  | { readonly do: 'customer.delete'; readonly customer: string }
  | { readonly do: 'customer.set_default_method'; readonly customer: string; readonly paymentMethod: string }
  | {
      readonly do: 'payment.create'
      readonly tag: Tag
      readonly amount: number
      readonly currency: string
      readonly customer: string
      /** Absent: the payment waits for a method (Stripe Elements). Present: it is confirmed at once. */
      readonly paymentMethod?: string
      readonly captureMethod: 'automatic' | 'manual'
      readonly offSession: boolean
      readonly returnUrl?: string
      readonly description?: string
      readonly metadata: Readonly<Record<string, string>>
    }
  | {
      readonly do: 'payment.confirm'
      readonly payment: string
      readonly paymentMethod: string
      readonly returnUrl?: string
    }
  | { readonly do: 'payment.capture'; readonly payment: string; readonly amount?: number }
  | { readonly do: 'payment.cancel'; readonly payment: string; readonly reason?: string }
  | {
      readonly do: 'refund.create'
      readonly tag: Tag
      readonly payment: string
      readonly amount: number
      readonly reason?: string
    }
  | { readonly do: 'payment_method.attach'; readonly paymentMethod: string; readonly customer: string }
  | { readonly do: 'payment_method.detach'; readonly paymentMethod: string }
  | { readonly do: 'setup.create'; readonly tag: Tag; readonly customer: string }
  | {
      readonly do: 'subscription.create'
      readonly tag: Tag
      readonly customer: string
      readonly priceId: string
      readonly quantity: number
      readonly trialDays?: number
      readonly paymentMethod?: string
      /** Try the first payment now; else it waits for the customer to confirm. */
      readonly payNow: boolean
      readonly metadata: Readonly<Record<string, string>>
    }
  | {
      readonly do: 'subscription.update'
      readonly subscription: string
      readonly item?: { readonly id: string; readonly priceId?: string; readonly quantity?: number }
      readonly proration?: 'create_prorations' | 'always_invoice' | 'none'
      readonly cancelAtPeriodEnd?: boolean
      /** Takes a scheduled end back that was set as a date. */
      readonly cancelAt?: null
      readonly paymentMethod?: string
      readonly metadata?: Readonly<Record<string, string>>
    }
  | {
      readonly do: 'subscription.resume'
      readonly subscription: string
      /** Try to be paid now; else the invoice waits for the customer. */
      readonly payNow: boolean
    }
  | { readonly do: 'subscription.cancel'; readonly subscription: string }
  | {
      readonly do: 'checkout_session.create'
      readonly tag: Tag
      readonly customer: string
      readonly mode: 'payment' | 'subscription' | 'setup'
      /** What is bought: a sum under a name, or a price of the gateway's. To set up a card, its currency only. */
      readonly item:
        | { readonly amount: number; readonly currency: string; readonly name: string }
        | { readonly priceId: string; readonly quantity: number }
        | { readonly currency: string }
      readonly successUrl: string
      readonly cancelUrl?: string
      readonly metadata: Readonly<Record<string, string>>
    }
  | { readonly do: 'billing_portal_session.create'; readonly customer: string; readonly returnUrl: string }

/** A call that changes an object: what became of it is seen by looking at the object, and never by searching lists. */
type Change = Exclude<GatewayCall['do'], `${string}.create`>

/** The kind of object that a call makes or changes; null for what Florin keeps no row of. */
export const objectOfCall = {
  'customer.create': 'customer',
  'customer.delete': 'customer',
  'customer.set_default_method': 'customer',
  'payment.create': 'payment',
  'payment.confirm': 'payment',
  'payment.capture': 'payment',
  'payment.cancel': 'payment',
  'refund.create': 'refund',
  'payment_method.attach': 'payment_method',
  'payment_method.detach': 'payment_method',
  'setup.create': null,
  'subscription.create': 'subscription',
  'subscription.update': 'subscription',
  'subscription.resume': 'subscription',
  'subscription.cancel': 'subscription',
  'checkout_session.create': null,
  'billing_portal_session.create': null,
} as const satisfies Record<GatewayCall['do'], ObjectRef['object'] | null> & Record<Change, ObjectRef['object']>

/** What a call makes or changes, as the endpoints of reads and lists are named: `payment.read`, `setup.list`. */
export const nounOf = (call: GatewayCall['do']): string => objectOfCall[call] ?? call.slice(0, call.indexOf('.'))

/** A call as it will be sent, with the API version that it was rendered for. Stored, and re-sent exactly so. */
export interface PreparedCall {
  readonly call: GatewayCall['do']
  /** The gateway's id of the object that the call changes; null where it makes one. */
  readonly subject: string | null
  readonly method: 'POST' | 'DELETE'
  readonly path: string
  readonly params: { readonly [key: string]: Json }
  readonly apiVersion: string
}

/** The gateway said no to the payment, in its own codes. An answer, not an error. */
export interface Decline {
  readonly code: string
  readonly declineCode: string | null
  readonly message: string | null
}

/** The gateway refused the request itself: a wrong id, a state that does not allow it. Nothing was changed. */
export interface Rejection {
  readonly code: string | null
  readonly param: string | null
  readonly message: string | null
  /** The object beside the call's own that the gateway does not know, or no longer. */
  readonly missing?: ObjectRef
}

interface Answered {
  /** The gateway's id of the object that the call was about, where the answer told it. */
  readonly objectId: string | null
  readonly observations: readonly Observation[]
  /** The answer is a stored one: it tells the object's id, but its state is as old as the first call. */
  readonly replayed: boolean
}

export type Answer =
  | (Answered & {
      readonly outcome: 'accepted'
      readonly clientSecret?: string | null
      readonly status?: string | null
      /** Where to send the customer, for pages of the gateway's. */
      readonly url?: string | null
    })
  | (Answered & { readonly outcome: 'declined'; readonly decline: Decline })
  | (Answered & { readonly outcome: 'rejected'; readonly rejection: Rejection })

/** What an object of the gateway's is looked up by. */
export interface ObjectRef {
  readonly object: Observation['object']
  readonly gatewayId: string
}

/** A webhook whose signature was verified. */
export interface GatewayEvent {
  readonly id: string
  readonly type: string
  readonly apiVersion: string | null
  readonly livemode: boolean
  /** Stripe Connect: the account that it happened on. */
  readonly account: string | null
  /** Where the endpoint gets events of several accounts, as an organization's does: the account that it happened on. */
  readonly context: string | null
  /** When the gateway made the event, in its seconds. */
  readonly created: number
  readonly objectId: string | null
  /** What the object belongs to: its customer, else its payment, else itself. */
  readonly ownerId: string | null
  /** The gateway's id of the payment that the object is or belongs to. */
  readonly paymentId: string | null
  /** The user that the object's metadata names. */
  readonly userId: string | null
  /** Empty for types that Florin does not read. */
  readonly observations: readonly Observation[]
  /** Why the object could not be read; the event is kept for a release that can. */
  readonly unreadable?: string
}

/** One page of something that the gateway lists, newest first. */
export interface GatewayPage<T> {
  readonly data: readonly T[]
  /** Give it as `after` to get the next page; null on the last one. */
  readonly next: string | null
}

/** What happened at the gateway, as it tells it. */
export interface GatewayEvents {
  /**
   * Verifies a webhook over its raw bytes and reads it.
   *
   * @throws `invalid` webhook_signature_invalid, webhook_payload_invalid
   */
  verify(body: string, signature: string | undefined): Promise<GatewayEvent>
  /** Reads a body that was verified before it was stored. */
  read(body: string): GatewayEvent
  /**
   * Lists events from a time on, in the gateway's seconds, each with the body that a webhook would have had. Stripe keeps
   * 30 days.
   *
   * @throws `unavailable` gateway_unavailable
   */
  list(query: {
    readonly since: number
    readonly after?: string
  }): Promise<GatewayPage<{ readonly event: GatewayEvent; readonly body: string }>>
}

/** What looking for a call came to. */
export interface LookedUp {
  /** The object that it changes, as it is now, or the one that it made, told by its metadata; undefined where there is none. */
  readonly answer: Answer | undefined
  /** When it was looked for, in the gateway's seconds; null where another look could tell nothing else. */
  readonly at: number | null
}

/**
 * The payment gateway, in Florin's words.
 *
 * Declines, 3-D Secure steps and refusals of a request are answers. What throws is no answer at all.
 */
export interface PaymentGateway {
  /** Whether its keys move real money, where it knows. Events of the other mode are ignored. */
  readonly livemode?: boolean | undefined
  /** Renders a call as it will be sent. Pure: the same call gives the same parameters for as long as the release does. */
  prepare(call: GatewayCall): PreparedCall
  /**
   * Sends a call. Calls that carry the key have their effect once, however often they are sent with it. Before each
   * request, the first and those after a pause, `maySend` is asked: others may have the operation by then.
   *
   * @throws `unavailable` gateway_unavailable (`not_applied`) or gateway_outcome_unknown (`unknown`)
   */
  send(
    call: PreparedCall,
    options: { readonly idempotencyKey: string; readonly maySend?: () => boolean },
  ): Promise<Answer>
  /**
   * Reads an object as it is now; undefined where the gateway does not know it.
   *
   * @throws `unavailable` gateway_unavailable
   */
  read(ref: ObjectRef): Promise<Answer | undefined>
  /**
   * Finds out what became of a call without sending it again. `since` bounds the search, in the gateway's seconds.
   *
   * @throws `unavailable` gateway_unavailable
   */
  lookUp(call: PreparedCall, since: number): Promise<LookedUp>
  /**
   * Lists all objects of a kind, with what hangs on them; with `customer` only those of one.
   *
   * @throws `unavailable` gateway_unavailable
   */
  list(query: {
    readonly object: ObjectRef['object']
    readonly customer?: string
    readonly after?: string
  }): Promise<GatewayPage<readonly Observation[]>>
  /**
   * The account that the keys belong to.
   *
   * @throws `unavailable` gateway_unavailable, also where the keys may not ask this
   */
  account(): Promise<{ readonly id: string }>
  readonly events: GatewayEvents
}
