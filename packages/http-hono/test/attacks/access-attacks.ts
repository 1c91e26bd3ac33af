import { expect } from 'vitest'
import { type AccessRoute, accessTo, callers, outcomeOf } from '../access-table.ts'
import type { Json } from '../http-world.ts'
import type { Attack } from './attack.ts'

/** Every operation of a document that asks for a token. */
export const guardedRoutes = (document: Json): readonly AccessRoute[] =>
  Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item)
      .filter(([, { security }]) => security?.length > 0)
      .map(([method, { operationId, tags }]) => ({
        method: method.toUpperCase(),
        path,
        name: operationId,
        tag: tags[0],
      })),
  )

const statusFor = { allowed: 200, forbidden: 403, not_found: 404 } as const

/**
 * Every endpoint of the document for every caller: the owner, another user, each role of staff and programs, somebody
 * without a role, and nobody. Those that are refused come before those that change what they would be refused.
 */
export function accessAttacks(document: Json): readonly Attack[] {
  return guardedRoutes(document).flatMap((route): Attack[] => {
    const title = `${route.method} ${route.path}`
    const expected = accessTo[route.name]
    if (!expected) throw new Error(`nobody said who may use ${title}`)
    const asked = (as: string) => (world: Parameters<Attack['reply']>[0]) => {
      const [method, path, body] = world.alice.requestOf(route)
      const token = as === 'anonymous' ? undefined : (world.tokens[as] ?? as)
      const json = { 'Content-Type': 'application/json' }
      return world.ask(method, path, { token, ...(body && { headers: json, body: JSON.stringify(body) }) })
    }
    const ofCaller = (['foreign', 'support', 'own', 'service', 'admin'] as const).map((who): Attack => {
      const outcome = expected[who]
      if (outcome !== 'allowed') {
        const code = outcome === 'forbidden' ? { code: 'forbidden' } : {}
        return { name: `${title} as ${who}`, status: statusFor[outcome], ...code, reply: asked(callers[who]) }
      }
      // What an allowed request comes to is for the tests of its endpoint to say.
      return {
        name: `${title} as ${who}`,
        status: 0,
        reply: asked(callers[who]),
        check: ({ status }) => expect(outcomeOf(status)).toBe('allowed'),
      }
    })
    return [
      ...ofCaller.slice(0, 2),
      { name: `${title} without a role`, status: 403, code: 'forbidden', reply: asked('nobody') },
      { name: `${title} without a token`, status: 401, code: 'unauthenticated', reply: asked('anonymous') },
      { name: `${title} with a forged token`, status: 401, code: 'unauthenticated', reply: asked('no.such.token') },
      ...ofCaller.slice(2),
    ]
  })
}
