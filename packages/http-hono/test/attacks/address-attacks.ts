import { expect } from 'vitest'
import type { Json } from '../http-world.ts'
import { guardedRoutes } from './access-attacks.ts'
import type { Attack } from './attack.ts'

/** What somebody puts where an id stands in a path, as it is written there. */
const ids: Readonly<Record<string, string>> = {
  SQL: encodeURIComponent("tx_1' or '1'='1"),
  'a zero byte': 'tx_1%00',
  'a path upwards': encodeURIComponent('../../../etc/passwd'),
  'a path upwards, twice encoded': '%252e%252e%252fetc%252fpasswd',
  'a line of a header': 'tx_1%0d%0aSet-Cookie:%20a=b',
  'half of a character': 'tx_%ff%fe',
  'an encoding that is none': 'tx_%zz',
  'two thousand letters': `tx_${'a'.repeat(2000)}`,
  'a name of the language': '__proto__',
  'text of another script': encodeURIComponent('tx_①٣'),
}

/** What somebody puts into a query. */
const queries: Readonly<Record<string, string>> = {
  'limit 0': 'limit=0',
  'limit 101': 'limit=101',
  'a negative limit': 'limit=-1',
  'half a limit': 'limit=1.5',
  'a limit of no number': 'limit=ten',
  'a limit beyond all numbers': 'limit=1e400',
  'an SQL cursor': `cursor=${encodeURIComponent("' union select * from operations --")}`,
  'a cursor of another shape': `cursor=${Buffer.from('{"id":"x"}').toString('base64url')}`,
  'a cursor with a zero byte': `cursor=${Buffer.from('["2026-01-01T00:00:00.000Z","tx_\\u0000"]').toString('base64url')}`,
  'a cursor of no time': `cursor=${Buffer.from('["now","tx_1"]').toString('base64url')}`,
  'a cursor of a thousand letters': `cursor=${'A'.repeat(1000)}`,
  'a name that is not known': 'user_id=bob',
  'a name of the language': '__proto__[admin]=1',
  'another name of the language': 'constructor=1',
}

const bodyOf = (body: Json) => body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }

export function addressAttacks(document: Json): readonly Attack[] {
  return guardedRoutes(document).flatMap((route): Attack[] => {
    const operation = document.paths[route.path][route.method.toLowerCase()]
    const [parameter] = route.path.match(/\{\w+\}/) ?? []
    const inPath = Object.entries(parameter === undefined ? {} : ids).map(([what, id]): Attack => {
      const isUser = parameter === '{user_id}'
      const exists = isUser && id === '__proto__'
      return {
        name: `${route.method} ${route.path} with ${what}`,
        ...(exists ? { status: 200 } : isUser ? { status: 422, code: 'input_invalid' } : { status: 404 }),
        sent: decoded(id),
        reply: (world) => {
          const path = route.path.replace(parameter ?? '', id)
          const [, , body] = world.alice.requestOf(route)
          return world.ask(route.method, path, { token: world.tokens.admin, ...bodyOf(body) })
        },
        check: ({ headers }) => expect(headers.get('set-cookie')).toBeNull(),
      }
    })
    const isList = operation.parameters?.some((it: Json) => it.name === 'limit')
    const inQuery = Object.entries(isList ? queries : {}).map(
      ([what, query]): Attack => ({
        name: `${route.method} ${route.path} with ${what}`,
        ...{ status: 422, code: 'input_invalid' },
        reply: (world) => {
          const [method, path] = world.alice.requestOf(route)
          return world.ask(method, `${path}?${query}`, { token: world.tokens.admin })
        },
      }),
    )
    return [...inPath, ...inQuery]
  })
}

const decoded = (id: string): string => {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
