import type { Actor } from '@florin/core'
import type { Context } from 'hono'

/**
 * What the middlewares learn of a request, for those after them. One object under one name, so that nothing of it
 * collides with a host's own variables.
 */
export interface RequestState {
  readonly requestId: string
  /** The pattern that matched, e.g. `/api/v1/payments/:id`: what metrics and logs may name, for it holds no id. */
  readonly route: string
  /** Headers of the answer, gathered here and written once: changing a finished Response costs more than making it. */
  readonly headers: Record<string, string>
  /** Who asks; not set before the token was checked. */
  actor?: Actor
  /** Fires when the caller is to be answered whatever has become of the request. */
  signal?: AbortSignal
  /** The code of the problem that was answered. */
  problem?: string
  /** The object that was made, changed or refused, where that is known: an id of ours or of Stripe's, never a user's. */
  objectId?: string | undefined
  /** The operation that did it. */
  operationId?: string | undefined
}

export interface HttpEnv {
  Variables: { florin: RequestState }
}

export type HttpContext = Context<HttpEnv>

/** What a request passes on its way in, and its answer on its way out. */
export type HttpMiddleware = (c: HttpContext, next: () => Promise<Response>) => Promise<Response>
