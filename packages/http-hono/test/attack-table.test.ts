import { afterAll, describe, expect, test } from 'vitest'
import { problem } from '../src/wire/problem.ts'
import { accessTo } from './access-table.ts'
import { accessAttacks, guardedRoutes } from './attacks/access-attacks.ts'
import { addressAttacks } from './attacks/address-attacks.ts'
import type { AttackGroup } from './attacks/attack.ts'
import { openAttackWorld, type Reply, secrets } from './attacks/attack-world.ts'
import { bodyAttacks } from './attacks/body-attacks.ts'
import { limitAttacks } from './attacks/limit-attacks.ts'
import { textAttacks } from './attacks/text-attacks.ts'
import { tokenAttacks } from './attacks/token-attacks.ts'
import { webhookAttacks } from './attacks/webhook-attacks.ts'
import { statusesIn, wireAttacks } from './attacks/wire-attacks.ts'

const world = await openAttackWorld()
afterAll(() => world.close())

const groups: readonly AttackGroup[] = [
  { name: 'tokens', attacks: tokenAttacks },
  { name: 'texts', attacks: textAttacks(world.document) },
  { name: 'paths and queries', attacks: addressAttacks(world.document) },
  { name: 'bodies', attacks: bodyAttacks },
  { name: 'webhooks', attacks: webhookAttacks },
  { name: 'limits', attacks: limitAttacks() },
  // The last: it cancels what it may.
  { name: 'who may do what', attacks: accessAttacks(world.document) },
]

/** Words that only come from inside: a stack, a path, a statement, a driver's complaint, a secret. */
const inner =
  /\n\s+at |node_modules|node:|\.ts:\d|\/packages\/|\b(?:select|insert into|update|delete from)\b .*\b(?:from|where|set|values)\b|relation "|duplicate key|invalid byte sequence|violates|postgres(?:ql)?:|redis:|ECONN|TypeError|SyntaxError|\bundefined\b|\[object /i

/** What every answer must be, whatever was asked. */
function inspect({ status, headers, text }: Reply, sent: string | undefined): void {
  expect(status).toBeLessThan(500)
  const told = sent ? text.replaceAll(sent, '').replaceAll(JSON.stringify(sent).slice(1, -1), '') : text
  expect(told).not.toMatch(inner)
  for (const secret of Object.values(secrets)) expect(text).not.toContain(secret)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._:-]{1,128}$/)
  expect(headers.get('set-cookie')).toBeNull()
  expect(headers.get('access-control-allow-origin')).toBeNull()
  expect(headers.get('server')).toBeNull()
  expect(headers.get('x-powered-by')).toBeNull()
  if (status < 400) return
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(problem.safeParse(JSON.parse(text))).toMatchObject({ success: true, data: { status } })
}

const counted = new Map<string, number>()

describe.each(groups)('$name', ({ name, attacks }) => {
  test.each(attacks)('$name', async ({ reply, status, code, sent, check }) => {
    const answer = await reply(world)
    counted.set(name, (counted.get(name) ?? 0) + 1)
    if (status > 0) {
      const found = { status: answer.status, code: answer.status >= 400 ? JSON.parse(answer.text).code : undefined }
      expect(found, answer.text.slice(0, 500)).toStrictEqual({ status, code: code ?? found.code })
    }
    inspect(answer, sent)
    check?.(answer)
  })
})

describe('bytes on the wire', () => {
  test.each(wireAttacks)('$name', async ({ bytes, answers }) => {
    const heard = await world.write(bytes(world))
    counted.set('on the wire', (counted.get('on the wire') ?? 0) + 1)
    expect(statusesIn(heard), heard.slice(0, 500)).toStrictEqual(answers)
    expect(heard).not.toMatch(inner)
    expect(heard).not.toMatch(/set-cookie/i)
    for (const secret of Object.values(secrets)) expect(heard).not.toContain(secret)
  })

  test('and it goes on', async () => {
    expect((await world.ask('GET', '/health')).status).toBe(200)
  })
})

test('every endpoint that asks for a token is in the table of access, and no other', () => {
  const names = guardedRoutes(world.document).map(({ name }) => name)
  expect(Object.keys(accessTo).toSorted()).toStrictEqual(names.toSorted())
})

test('nothing of it is in the log that must not be there, and nothing broke', () => {
  const log = world.logged()
  for (const secret of Object.values(secrets)) expect(log).not.toContain(secret)
  for (const token of Object.values(world.tokens)) expect(log).not.toContain(token)
  expect(log).not.toMatch(/4242424242424242|5555 5555 5555 4444|3782-822463-10005/)
  expect(log).not.toContain('"level":"ERROR"')
})

test('there are more than 600 attacks', () => {
  const counts = [...counted].map(([name, count]) => `${count} ${name}`).join(', ')
  const total = [...counted.values()].reduce((sum, count) => sum + count, 0)
  console.log(`attack table: ${total} attacks (${counts})`)
  expect(total).toBeGreaterThan(600)
})
