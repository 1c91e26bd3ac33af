import { RefusedError } from './errors.ts'

export const roles = ['user', 'support', 'service', 'admin'] as const
export type Role = (typeof roles)[number]

/** Who asks. A user's `id` is the user id that its rows carry; embedders that did their own checks pass {@link system}. */
export interface Actor {
  readonly id: string
  readonly roles: readonly Role[]
}

/** The host program itself: may do everything. */
export const system: Actor = { id: 'system', roles: ['admin'] }

/** Florin itself, where nobody asked. Its keys are not the host's to choose, and never expire. */
export const florin: Actor = { id: 'florin', roles: ['admin'] }

type Reach = 'any' | 'own'

/** Who may do what; docs/security.md shows it, and is compared with it by a test. A role that is absent may not. */
export const permissions = {
  'payments:read': { user: 'own', support: 'any', service: 'any', admin: 'any' },
  'payments:create': { service: 'any', admin: 'any' },
  'payments:create-own': { user: 'own', service: 'any', admin: 'any' },
  'checkout-sessions:create': { user: 'own', service: 'any', admin: 'any' },
  'billing-portal-sessions:create': { user: 'own', service: 'any', admin: 'any' },
  'payments:confirm': { user: 'own', service: 'any', admin: 'any' },
  'payments:capture': { service: 'any', admin: 'any' },
  'payments:cancel': { user: 'own', support: 'any', service: 'any', admin: 'any' },
  'refunds:read': { user: 'own', support: 'any', service: 'any', admin: 'any' },
  'refunds:create': { support: 'any', service: 'any', admin: 'any' },
  'disputes:read': { user: 'own', support: 'any', service: 'any', admin: 'any' },
  'payment-methods:read': { user: 'own', support: 'any', service: 'any', admin: 'any' },
  'payment-methods:write': { user: 'own', service: 'any', admin: 'any' },
  'subscriptions:read': { user: 'own', support: 'any', service: 'any', admin: 'any' },
  'subscriptions:create': { user: 'own', service: 'any', admin: 'any' },
  'subscriptions:terms': { service: 'any', admin: 'any' },
  'subscriptions:update': { user: 'own', service: 'any', admin: 'any' },
  'subscriptions:cancel': { user: 'own', support: 'any', service: 'any', admin: 'any' },
  'invoices:read': { user: 'own', support: 'any', service: 'any', admin: 'any' },
  'webhook-events:read': { admin: 'any' },
  'webhook-events:replay': { admin: 'any' },
  'events:read': { admin: 'any' },
  'events:retry': { admin: 'any' },
  'users:erase': { admin: 'any' },
  'audit:read': { admin: 'any' },
} as const satisfies Record<string, Partial<Record<Role, Reach>>>

export type Permission = keyof typeof permissions

/** How far a permission reaches for an actor: everybody's rows, its own, or none. */
export function reachOf(actor: Actor, permission: Permission): Reach | undefined {
  const granted: Partial<Record<Role, Reach>> = permissions[permission]
  const reaches = actor.roles.map((role) => granted[role])
  return reaches.includes('any') ? 'any' : reaches.includes('own') ? 'own' : undefined
}

/**
 * The rows that an actor may see under a permission, as a condition for the query: reads are scoped in the query, not
 * after it, so somebody else's object is not found rather than filtered out.
 *
 * @throws `refused` forbidden when no role of the actor grants the permission
 */
export function scopeOf(actor: Actor, permission: Permission): { readonly userId?: string } {
  const reach = reachOf(actor, permission)
  if (reach === undefined) throw new RefusedError('forbidden', `this needs the permission ${permission}`)
  return reach === 'own' ? { userId: actor.id } : {}
}

/**
 * Checks that an actor may act for a user.
 *
 * @throws `refused` forbidden when the user is not the actor's own
 */
export function mayActFor(actor: Actor, permission: Permission, userId: string): void {
  const { userId: own } = scopeOf(actor, permission)
  if (own !== undefined && own !== userId) throw new RefusedError('forbidden', 'this belongs to another user')
}
