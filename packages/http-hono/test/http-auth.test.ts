import { system } from '@florin/core'
import { SignJWT } from 'jose'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { atTheTerminal } from '../src/cli/with-florin.ts'
import { jwtAuthenticator } from '../src/index.ts'

const secret = 'a secret for tests that is long enough'
const key = new TextEncoder().encode(secret)
const start = 1_800_000_000

type Claims = Record<string, unknown>

const sign = (claims: Claims, { alg = 'HS256', with: signingKey = key } = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(signingKey)

const valid: Claims = { sub: 'alice', roles: ['user'], exp: start + 60 }

const ask = (authenticate: (request: Request) => Promise<unknown>, header?: string) =>
  authenticate(new Request('http://localhost/', header === undefined ? {} : { headers: { Authorization: header } }))

const at = (seconds: number) => ({ now: () => seconds * 1000 })

const refused = { code: 'unauthenticated', kind: 'refused' }

afterEach(() => vi.restoreAllMocks())

describe('reads who asks from a token', () => {
  test.each([
    { why: 'with a list of roles', claims: { roles: ['user', 'admin'] }, roles: ['user', 'admin'] },
    { why: 'with one role', claims: { roles: undefined, role: 'service' }, roles: ['service'] },
    { why: 'with roles of somebody else', claims: { roles: ['user', 'root', 7] }, roles: ['user'] },
    { why: 'with a text for a list', claims: { roles: 'admin' }, roles: [] },
    { why: 'without roles', claims: { roles: undefined }, roles: [] },
  ])('$why', async ({ claims, roles }) => {
    const authenticate = jwtAuthenticator({ secret, clock: at(start) })
    const token = await sign({ ...valid, ...claims })
    await expect(ask(authenticate, `Bearer ${token}`)).resolves.toEqual({ id: 'alice', roles })
    await expect(ask(authenticate, `bearer ${token}`)).resolves.toEqual({ id: 'alice', roles })
  })
})

describe('refuses', () => {
  test.each([
    { why: 'no header', header: undefined },
    { why: 'an empty header', header: '' },
    { why: 'another scheme', header: 'Basic YWxpY2U6cHc=' },
    { why: 'what is no token', header: 'Bearer x.y.z' },
    { why: 'two tokens', header: 'Bearer a b' },
  ])('$why', async ({ header }) => {
    await expect(ask(jwtAuthenticator({ secret }), header)).rejects.toMatchObject(refused)
  })

  test.each([
    { why: 'no subject', claims: { sub: undefined } },
    { why: 'an empty subject', claims: { sub: '' } },
    { why: 'a subject of 256 characters', claims: { sub: 'x'.repeat(256) } },
    { why: 'a subject that is no text', claims: { sub: ['alice'] } },
    { why: 'a zero byte in its subject', claims: { sub: 'ali\u0000ce' } },
    { why: 'half a character in its subject', claims: { sub: 'alice\ud800' } },
    ...[system.id, atTheTerminal.id, 'florin'].map((sub) => ({
      why: `the name of Florin itself, ${sub}, for its subject`,
      ...{ claims: { sub }, message: `the token's subject (sub) must not be ${sub}: Florin itself is named so` },
    })),
    { why: 'no expiry', claims: { exp: undefined }, message: 'the token has no fitting exp' },
    { why: 'an expiry that is no number', claims: { exp: '9999999999' }, message: 'the token has no fitting exp' },
    { why: 'an end over 30 seconds ago', claims: { exp: start - 31 }, message: 'the token has expired' },
    { why: 'a beginning in over 30 seconds', claims: { nbf: start + 31 }, message: 'the token is not valid yet' },
    { why: 'another issuer', claims: { iss: 'https://other.example' }, message: 'the token has no fitting iss' },
    { why: 'no issuer', claims: { iss: undefined }, message: 'the token has no fitting iss' },
    { why: 'another audience', claims: { aud: 'shop' }, message: 'the token has no fitting aud' },
    { why: 'no audience', claims: { aud: undefined }, message: 'the token has no fitting aud' },
  ])('a token with $why', async ({ claims, message }) => {
    const checks = { issuer: 'https://login.example', audience: 'payments' }
    const authenticate = jwtAuthenticator({ secret, clock: at(start), ...checks })
    const good = { ...valid, iss: checks.issuer, aud: checks.audience }
    await expect(ask(authenticate, `Bearer ${await sign(good)}`)).resolves.toMatchObject({ id: 'alice' })
    const token = await sign({ ...good, ...claims })
    await expect(ask(authenticate, `Bearer ${token}`)).rejects.toMatchObject({
      ...refused,
      ...(message && { message }),
    })
  })

  test('an empty secret, before any token comes', () => {
    expect(() => jwtAuthenticator({ secret: '' })).toThrow(RangeError)
  })

  test('a token signed with another secret, another algorithm, or not at all', async () => {
    const authenticate = jwtAuthenticator({ secret, clock: at(start) })
    const part = (it: object) => Buffer.from(JSON.stringify(it)).toString('base64url')
    const tokens = [
      await sign(valid, { alg: 'HS256', with: new TextEncoder().encode('another secret that is long enough') }),
      await sign(valid, { alg: 'HS384' }),
      await sign(valid, { alg: 'HS512' }),
      `${part({ alg: 'none' })}.${part(valid)}.`,
      `${part({ alg: 'HS256' })}.${part(valid)}.`,
    ]
    for (const token of tokens) await expect(ask(authenticate, `Bearer ${token}`)).rejects.toMatchObject(refused)
  })
})

describe('remembers a token', () => {
  test('while it is valid, so that it is verified once', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify')
    const authenticate = jwtAuthenticator({ secret, clock: at(start) })
    const header = `Bearer ${await sign(valid)}`
    for (let count = 0; count < 5; count += 1) await ask(authenticate, header)
    expect(verify).toHaveBeenCalledTimes(1)
  })

  test('and never longer: within the tolerance it is verified each time, after it refused', async () => {
    let now = start
    const authenticate = jwtAuthenticator({ secret, clock: { now: () => now * 1000 } })
    const header = `Bearer ${await sign(valid)}`
    await ask(authenticate, header)
    now = start + 61
    const verify = vi.spyOn(crypto.subtle, 'verify')
    await ask(authenticate, header)
    await ask(authenticate, header)
    expect(verify).toHaveBeenCalledTimes(2)
    now = start + 91
    await expect(ask(authenticate, header)).rejects.toMatchObject(refused)
  })

  test('but no huge one, of which ten thousand would fill the memory', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify')
    const authenticate = jwtAuthenticator({ secret, clock: at(start) })
    const header = `Bearer ${await sign({ ...valid, padding: 'x'.repeat(2048) })}`
    for (let count = 0; count < 3; count += 1) await ask(authenticate, header)
    expect(verify).toHaveBeenCalledTimes(3)
  })

  test('but not those that it refused', async () => {
    const authenticate = jwtAuthenticator({ secret, clock: at(start) })
    const header = `Bearer ${await sign({ ...valid, sub: '' })}`
    for (let count = 0; count < 3; count += 1) await expect(ask(authenticate, header)).rejects.toMatchObject(refused)
  })
})
