import { expect } from 'vitest'
import type { Attack } from './attack.ts'
import type { AttackedServer, AttackWorld } from './attack-world.ts'

const LIMIT = 5

/** Asks more often than is allowed, and answers the last of it. */
const often =
  (environment: Record<string, string>, headers: (count: number) => Record<string, string>): Attack['reply'] =>
  async (world) => {
    const server = await world.serve({ RATE_LIMIT_PER_MINUTE: `${LIMIT}`, ...environment })
    for (let count = 0; count < LIMIT; count += 1) await one(world, server, headers(count))
    return one(world, server, headers(LIMIT))
  }

const one = (world: AttackWorld, server: AttackedServer, headers: Record<string, string>) =>
  world.ask('GET', '/api/v1/users/alice/payments', { token: world.tokens.alice, headers }, server)

const limited = { status: 429, code: 'rate_limited' } as const
const told: NonNullable<Attack['check']> = ({ headers }) => {
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(headers.get('ratelimit')).toMatch(/^"api";r=0;t=\d+$/)
}

// The processes of this test count in one Redis, so each has addresses of its own.
const network = () => `198.51.${Math.floor(Math.random() * 256)}.${Math.floor(Math.random() * 256)}`
const hex = () => Math.floor(Math.random() * 65_536).toString(16)

export function limitAttacks(): readonly Attack[] {
  const [behindOne, behindTwo, mapped] = [network(), network(), network()]
  const [half, other] = [`2001:db8:${hex()}:${hex()}`, `2001:db8:${hex()}:${hex()}`]
  return [
    {
      name: 'another X-Forwarded-For each time, before a server without proxies',
      ...limited,
      check: told,
      reply: often({}, (count) => ({ 'X-Forwarded-For': `203.0.113.${count}` })),
    },
    {
      name: 'other names of that header',
      ...limited,
      check: told,
      reply: often({}, (count) => ({
        'X-Real-IP': `203.0.113.${count}`,
        Forwarded: `for=203.0.113.${count}`,
        'X-Client-IP': `203.0.113.${count}`,
        'CF-Connecting-IP': `203.0.113.${count}`,
      })),
    },
    {
      name: 'invented addresses before the one that the proxy wrote',
      ...limited,
      check: told,
      reply: often({ TRUST_PROXY: '1' }, (count) => ({ 'X-Forwarded-For': `203.0.113.${count}, ${behindOne}` })),
    },
    {
      name: 'the same behind two proxies',
      ...limited,
      check: told,
      reply: often({ TRUST_PROXY: '2' }, (count) => ({
        'X-Forwarded-For': `203.0.113.${count}, ${behindTwo}, 10.0.0.1`,
      })),
    },
    {
      name: 'an address behind fewer proxies than there are',
      ...limited,
      check: told,
      reply: often({ TRUST_PROXY: '3' }, (count) => ({ 'X-Forwarded-For': `203.0.113.${count}, 10.0.0.1` })),
    },
    {
      name: 'another address of the same /64',
      ...limited,
      check: told,
      reply: often({ TRUST_PROXY: '1' }, (count) => ({ 'X-Forwarded-For': `${half}::${count + 1}` })),
    },
    {
      name: 'one address in other clothes',
      ...limited,
      check: told,
      reply: often({ TRUST_PROXY: '1' }, (count) => ({
        'X-Forwarded-For': count % 2 === 0 ? mapped : `::ffff:${mapped}`,
      })),
    },
    {
      name: 'none: another address of another /64 passes',
      status: 200,
      reply: often({ TRUST_PROXY: '1' }, (count) => ({ 'X-Forwarded-For': `${other.slice(0, -1)}${count}::1` })),
    },
    {
      name: 'forged tokens, from one address',
      ...limited,
      reply: async (world) => {
        const server = await world.serve({ RATE_LIMIT_PER_MINUTE: '50', TRUST_PROXY: '1' })
        const headers = { 'X-Forwarded-For': network() }
        const guess = (count: number) =>
          world.ask('GET', '/api/v1/users/alice/payments', { token: `no.such.${count}`, headers }, server)
        for (let count = 0; count < 5; count += 1) expect((await guess(count)).status).toBe(401)
        expect(
          (await world.ask('GET', '/api/v1/users/alice/payments', { token: world.tokens.alice, headers }, server))
            .status,
        ).toBe(200)
        return guess(5)
      },
    },
    {
      name: 'an address that is not allowed',
      status: 403,
      code: 'forbidden',
      reply: allowed({ IP_ALLOWLIST: '10.0.0.0/8', TRUST_PROXY: '1' }, '198.51.100.1'),
    },
    {
      name: 'an allowed address that the client wrote itself',
      status: 403,
      code: 'forbidden',
      reply: allowed({ IP_ALLOWLIST: '10.0.0.0/8', TRUST_PROXY: '1' }, '10.0.0.1, 198.51.100.1'),
    },
    {
      name: 'an allowed address behind fewer proxies than there are',
      status: 403,
      code: 'forbidden',
      reply: allowed({ IP_ALLOWLIST: '10.0.0.0/8', TRUST_PROXY: '2' }, '10.0.0.1'),
    },
    {
      name: 'none: an allowed address in other clothes',
      status: 200,
      reply: allowed({ IP_ALLOWLIST: '10.0.0.0/8', TRUST_PROXY: '1' }, '::ffff:10.0.0.1'),
    },
  ]
}

const allowed =
  (environment: Record<string, string>, forwarded: string): Attack['reply'] =>
  async (world) => {
    const server = await world.serve(environment)
    return one(world, server, { 'X-Forwarded-For': forwarded })
  }
