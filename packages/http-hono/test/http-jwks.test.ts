import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, exportSPKI, type GenerateKeyPairResult, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLogger, jwksAuthenticator } from '../src/index.ts'
import { openWorld } from './http-world.ts'

const start = 1_800_000_000
const minutes = (count: number) => count * 60
let seconds: number
const clock = { now: () => seconds * 1000 }

interface Key {
  readonly kid: string
  readonly alg: string
  readonly pair: GenerateKeyPairResult
  readonly jwk: JWK
}

async function makeKey(kid: string, alg: string): Promise<Key> {
  const pair = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, pair, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg } }
}

/** Who signs tokens, and says over HTTP by which keys. */
const issuer = {
  keys: [] as Key[],
  asked: 0,
  status: 200,
  body: undefined as string | undefined,
  waits: Promise.resolve(),
}
const server = createServer(async (_, response) => {
  issuer.asked += 1
  await issuer.waits
  response.writeHead(issuer.status, { 'Content-Type': 'application/json' })
  response.end(issuer.body ?? JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }))
})
let url: string
let keys: Record<'rs' | 'ps' | 'es' | 'ed' | 'next', Key>

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
  const [rs, ps, es, ed, next] = await Promise.all([
    ...[makeKey('rs', 'RS256'), makeKey('ps', 'PS256'), makeKey('es', 'ES256'), makeKey('ed', 'EdDSA')],
    makeKey('next', 'ES256'),
  ])
  keys = { rs, ps, es, ed, next } as typeof keys
})
afterAll(() => void server.close())
beforeEach(() => {
  seconds = start
  Object.assign(issuer, {
    keys: [keys.rs, keys.ps, keys.es, keys.ed],
    asked: 0,
    status: 200,
    body: undefined,
    waits: Promise.resolve(),
  })
})

const sign = ({ pair, alg, kid }: Key, header: { alg?: string; kid?: string | undefined } = {}) =>
  new SignJWT({ sub: 'alice', roles: ['user'], exp: start + minutes(600) })
    .setProtectedHeader({ alg, kid, ...header } as { alg: string })
    .sign(pair.privateKey)

type Authenticate = ReturnType<typeof jwksAuthenticator>
const open = (options: Partial<Parameters<typeof jwksAuthenticator>[0]> = {}) =>
  jwksAuthenticator({ url, clock, ...options })
const ask = (authenticate: Authenticate, token: string) =>
  authenticate(new Request('http://localhost/', { headers: { Authorization: `Bearer ${token}` } }))

const alice = { id: 'alice', roles: ['user'] }
const refused = { code: 'unauthenticated' }
const unavailable = { code: 'authentication_unavailable' }

describe('the algorithm', () => {
  test.each(['rs', 'ps', 'es', 'ed'] as const)('of a published key is accepted: %s', async (name) => {
    await expect(ask(open(), await sign(keys[name]))).resolves.toEqual(alice)
  })

  test('is what was configured, whatever the issuer publishes', async () => {
    const authenticate = open({ algorithms: ['ES256'] })
    await expect(ask(authenticate, await sign(keys.es))).resolves.toEqual(alice)
    for (const key of [keys.rs, keys.ps, keys.ed]) {
      await expect(ask(authenticate, await sign(key))).rejects.toMatchObject(refused)
    }
  })

  test('is none that takes a secret, for then the public key would be one', async () => {
    const authenticate = open()
    const secrets = [await exportSPKI(keys.rs.pair.publicKey), JSON.stringify(keys.rs.jwk), keys.rs.jwk.n ?? '']
    for (const secret of secrets) {
      const forged = new SignJWT({ sub: 'root', roles: ['admin'], exp: start + 60 })
        .setProtectedHeader({ alg: 'HS256', kid: 'rs' })
        .sign(new TextEncoder().encode(secret))
      await expect(ask(authenticate, await forged)).rejects.toMatchObject(refused)
    }
  })

  test('is that of the key', async () => {
    const forged = await sign(keys.next, { kid: 'es' })
    await expect(ask(open(), forged)).rejects.toMatchObject(refused)
    const other = { ...keys.es, ...(await makeKey('es', 'ES384')) }
    await expect(ask(open(), await sign(other))).rejects.toMatchObject(refused)
  })
})

describe('keys', () => {
  test('may be rolled: a new kid is looked for, and a withdrawn one is refused ten minutes later', async () => {
    const authenticate = open()
    const [old, fresh] = [await sign(keys.es), await sign(keys.next)]
    await ask(authenticate, old)
    issuer.keys = [keys.next]
    seconds += 10
    await expect(ask(authenticate, fresh)).resolves.toEqual(alice)
    expect(issuer.asked).toBe(2)
    await expect(ask(authenticate, old)).resolves.toEqual(alice)
    seconds += minutes(10)
    await expect(ask(authenticate, old)).rejects.toMatchObject(refused)
  })

  test('that were withdrawn are refused ten minutes later, also where none came instead', async () => {
    const authenticate = open()
    await ask(authenticate, await sign(keys.es))
    issuer.keys = [keys.rs]
    seconds += minutes(10)
    await expect(ask(authenticate, await sign(keys.rs))).resolves.toEqual(alice)
    await expect(ask(authenticate, await sign(keys.es))).rejects.toMatchObject(refused)
    expect(issuer.asked).toBe(2)
  })

  test('are asked for at most every ten seconds, however many tokens name one that is not there', async () => {
    const authenticate = open()
    await ask(authenticate, await sign(keys.es))
    const unknown = Array.from({ length: 20 }, (_, index) => sign(keys.next, { kid: `unknown-${index}` }))
    for (const token of unknown) await expect(ask(authenticate, await token)).rejects.toMatchObject(refused)
    expect(issuer.asked).toBe(1)
    seconds += 10
    for (const token of unknown) await expect(ask(authenticate, await token)).rejects.toMatchObject(refused)
    expect(issuer.asked).toBe(2)
  })

  test('are asked for once by all that come at the same time', async () => {
    const authenticate = open()
    const token = await sign(keys.es)
    await Promise.all(Array.from({ length: 20 }, () => ask(authenticate, token)))
    expect(issuer.asked).toBe(1)
  })

  test('need no kid where only one fits', async () => {
    issuer.keys = [keys.es, keys.rs]
    await expect(ask(open(), await sign(keys.es, { kid: undefined }))).resolves.toEqual(alice)
    issuer.keys = [keys.es, keys.next]
    await expect(ask(open(), await sign(keys.es, { kid: undefined }))).rejects.toMatchObject(refused)
  })
})

describe('an issuer that does not answer', () => {
  test.each([
    { why: 'with an error', change: { status: 500 } },
    { why: 'with something else', change: { body: '<html>' } },
    { why: 'with no keys', change: { body: '{}' } },
    { why: 'with a redirect', change: { status: 302 } },
  ])('$why makes nobody unauthenticated, and is not asked for each token', async ({ change }) => {
    Object.assign(issuer, change)
    const authenticate = open()
    const token = await sign(keys.es)
    for (let count = 0; count < 3; count += 1) await expect(ask(authenticate, token)).rejects.toMatchObject(unavailable)
    expect(issuer.asked).toBe(1)
    Object.assign(issuer, { status: 200, body: undefined })
    seconds += 10
    await expect(ask(authenticate, token)).resolves.toEqual(alice)
  })

  test('is done without for an hour, but not for a key that is not known', async () => {
    const authenticate = open()
    await ask(authenticate, await sign(keys.es))
    issuer.status = 503
    seconds += minutes(59)
    await expect(ask(authenticate, await sign(keys.es))).resolves.toEqual(alice)
    await expect(ask(authenticate, await sign(keys.rs))).resolves.toEqual(alice)
    await expect(ask(authenticate, await sign(keys.next))).rejects.toMatchObject(unavailable)
    seconds += minutes(11)
    await expect(ask(authenticate, await sign(keys.rs))).rejects.toMatchObject(unavailable)
  })

  test('and hangs delays nobody whose key is known', async () => {
    const authenticate = open()
    await ask(authenticate, await sign(keys.es))
    let answer = () => {}
    const waits = new Promise<void>((resolve) => {
      answer = resolve
    })
    Object.assign(issuer, { waits, keys: [keys.rs] })
    seconds += minutes(11)
    const started = performance.now()
    for (const key of [keys.es, keys.rs]) await expect(ask(authenticate, await sign(key))).resolves.toEqual(alice)
    // Far less than the 5 s after which the issuer is given up.
    expect(performance.now() - started).toBeLessThan(4000)
    expect(issuer.asked).toBe(2)
    answer()
    // What it says in the end counts.
    const withdrawn = async () => ask(authenticate, await sign(keys.es, { kid: 'es' }))
    seconds += minutes(10)
    await expect(withdrawn()).rejects.toMatchObject(refused)
  })

  test('is answered as 503 that says when to try again, and told in the log', async () => {
    const lines: string[] = []
    const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
    const { send } = await openWorld({
      app: { auth: jwksAuthenticator({ url: 'http://127.0.0.1:1/', clock }), logger },
    })
    const answer = await send('GET', '/api/v1/payments/tx_1', undefined, { as: await sign(keys.es) })
    expect(answer).toMatchObject({ status: 503, body: { code: 'authentication_unavailable' } })
    expect(answer.headers.get('retry-after')).toBe('2')
    expect(JSON.stringify(answer.body)).not.toContain('127.0.0.1')
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'WARN', code: 'authentication_unavailable', err: expect.anything() }),
    )
  })
})
