import { createHmac } from 'node:crypto'
import { generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type { Attack } from './attack.ts'
import { type AttackWorld, audience, issuer, now, secrets } from './attack-world.ts'

const base64 = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

const admin = (): JWTPayload => ({ sub: 'root', roles: ['admin'], iss: issuer, aud: audience, exp: now() + 600 })

/** A token of any header and claims, signed with HMAC by hand: libraries refuse to make the wrong ones. */
function sign(header: object, claims: unknown, secret: string = secrets.JWT_SECRET, hash = 'sha256'): string {
  const text = `${base64(header)}.${base64(claims)}`
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
}
const HS256 = { alg: 'HS256' }
const good = (changes: JWTPayload = {}) => sign(HS256, { ...admin(), ...changes })
const parts = (token: string) => token.split('.') as [string, string, string]

type MakeToken = (world: AttackWorld) => string | Promise<string>

const ofSecret: Readonly<Record<string, MakeToken>> = {
  'an empty token': () => '',
  'a word': () => 'token',
  'three dots': () => '...',
  'the secret itself': () => secrets.JWT_SECRET.replaceAll(/[ ,]/g, ''),
  'no signature': () => parts(good()).slice(0, 2).join('.'),
  'an empty signature': () => `${parts(good()).slice(0, 2).join('.')}.`,
  'half of a signature': () => good().slice(0, -20),
  'a signature with one other letter': () => good().replace(/.$/, (letter) => (letter === 'A' ? 'Q' : 'A')),
  'a signature in another alphabet': () => `${parts(good()).slice(0, 2).join('.')}.${'+/'.repeat(21)}=`,
  'a whole token twice': () => `${good()}.${good()}`,
  'claims of another token': () => {
    const [header, , signature] = parts(good({ sub: 'alice', roles: ['user'] }))
    return `${header}.${base64(admin())}.${signature}`
  },
  'alg none': () => `${base64({ alg: 'none' })}.${base64(admin())}.`,
  'alg None': () => `${base64({ alg: 'None' })}.${base64(admin())}.`,
  'alg NONE and a signature': () => sign({ alg: 'NONE' }, admin()),
  'alg none and typ JWT': () => `${base64({ alg: 'none', typ: 'JWT' })}.${base64(admin())}.${parts(good())[2]}`,
  'no alg': () => sign({}, admin()),
  'alg null': () => sign({ alg: null }, admin()),
  'a list for alg': () => sign({ alg: ['HS256'] }, admin()),
  'alg hs256': () => sign({ alg: 'hs256' }, admin()),
  'alg HS384': () => sign({ alg: 'HS384' }, admin(), secrets.JWT_SECRET, 'sha384'),
  'alg HS512': () => sign({ alg: 'HS512' }, admin(), secrets.JWT_SECRET, 'sha512'),
  'alg RS256 over HMAC': () => sign({ alg: 'RS256' }, admin()),
  'another secret': () => sign(HS256, admin(), 'a guess of the secret that is long enough'),
  'an empty secret': () => sign(HS256, admin(), ''),
  'an example secret': () => sign(HS256, admin(), 'your_jwt_secret'),
  "the sandbox's secret": () => sign(HS256, admin(), 'florin-sandbox-jwt-secret-not-for-production'),
  'a key in its header': () => sign({ ...HS256, jwk: { kty: 'oct', k: base64('mine') } }, admin(), 'mine'),
  'a kid that is a path': () => sign({ ...HS256, kid: '../../../../dev/null' }, admin(), ''),
  'a kid of SQL': () => sign({ ...HS256, kid: "x' union select 'mine" }, admin(), 'mine'),
  'a header that must be understood': () =>
    sign({ ...HS256, crit: ['http://example/x'], 'http://example/x': 1 }, admin()),
  'claims that are not encoded': () => sign({ ...HS256, b64: false, crit: ['b64'] }, admin()),
  'an encrypted form': () =>
    `${base64({ alg: 'dir', enc: 'A256GCM' })}..${'A'.repeat(16)}.${'A'.repeat(16)}.${'A'.repeat(22)}`,
  'claims that are no object': () => sign(HS256, [admin()]),
  'claims that are no JSON': () => sign(HS256, 'sub=root'),
  'an expiry that has gone by': () => good({ exp: now() - 31 }),
  'an expiry of 1970': () => good({ exp: 0 }),
  'a negative expiry': () => good({ exp: -1 }),
  'a text for expiry': () => sign(HS256, { ...admin(), exp: '9999999999' }),
  'no expiry': () => sign(HS256, { ...admin(), exp: undefined }),
  'null for expiry': () => sign(HS256, { ...admin(), exp: null }),
  'a beginning that is to come': () => good({ nbf: now() + 61 }),
  'a text for its beginning': () => sign(HS256, { ...admin(), nbf: 'now' }),
  'another issuer': () => good({ iss: 'https://login.example.evil' }),
  'an issuer in upper case': () => good({ iss: issuer.toUpperCase() }),
  'no issuer': () => sign(HS256, { ...admin(), iss: undefined }),
  'a list of issuers': () => sign(HS256, { ...admin(), iss: [issuer] }),
  'another audience': () => good({ aud: 'shop' }),
  'audiences without ours': () => good({ aud: ['shop', 'mail'] }),
  'no audience': () => sign(HS256, { ...admin(), aud: undefined }),
  'no subject': () => sign(HS256, { ...admin(), sub: undefined }),
  'an empty subject': () => good({ sub: '' }),
  'a number for subject': () => sign(HS256, { ...admin(), sub: 7 }),
  'a list for subject': () => sign(HS256, { ...admin(), sub: ['root'] }),
  'a subject of 256 characters': () => good({ sub: 'r'.repeat(256) }),
  'a subject with a zero byte': () => good({ sub: 'root\u0000' }),
  'a subject with half a character': () => good({ sub: 'root\ud800' }),
  'a subject with a line break': () => good({ sub: 'root\r\nSet-Cookie: a=b' }),
  '8 KB and more of it': () => good({ padding: 'x'.repeat(8192) }),
}

const ofPublishedKeys: Readonly<Record<string, MakeToken>> = {
  'a secret that is the public key (PEM)': ({ keys }) => sign({ ...HS256, kid: 'attacked' }, admin(), keys.publicPem),
  'the same without its last line break': ({ keys }) =>
    sign({ ...HS256, kid: 'attacked' }, admin(), keys.publicPem.trim()),
  'a secret that is the public key (JWK)': ({ keys }) =>
    sign({ ...HS256, kid: 'attacked' }, admin(), JSON.stringify(keys.jwk)),
  "a secret that is the public key's number": ({ keys }) => sign({ ...HS256, kid: 'attacked' }, admin(), keys.jwk.n),
  'an empty secret': () => sign({ ...HS256, kid: 'attacked' }, admin(), ''),
  "the other server's secret": () => good(),
  'alg none': () => `${base64({ alg: 'none', kid: 'attacked' })}.${base64(admin())}.`,
  'a kid that is not known': ({ keys }) => ofKey(keys.private, { alg: 'RS256', kid: 'unknown' }),
  'a kid that is a path': ({ keys }) => ofKey(keys.private, { alg: 'RS256', kid: '/etc/passwd' }),
  'alg RS512 of the right key': ({ keys }) => ofKey(keys.private, { alg: 'RS512', kid: 'attacked' }),
  'alg PS256 of a key for RS256': ({ keys }) => ofKey(keys.private, { alg: 'PS256', kid: 'attacked' }),
  'another key under the same kid': async () => ofKey(await another('RS256'), { alg: 'RS256', kid: 'attacked' }),
  'a key of another kind under the same kid': async () =>
    ofKey(await another('ES256'), { alg: 'ES256', kid: 'attacked' }),
  'a key of its own in its header': async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk = await crypto.subtle.exportKey('jwk', publicKey)
    return ofKey(privateKey, {
      alg: 'RS256',
      kid: 'attacked',
      jwk,
      jku: 'http://127.0.0.1:1/keys',
      x5u: 'http://127.0.0.1:1/',
    })
  },
  'an expiry that has gone by': ({ keys }) =>
    ofKey(keys.private, { alg: 'RS256', kid: 'attacked' }, { exp: now() - 31 }),
  'another audience': ({ keys }) => ofKey(keys.private, { alg: 'RS256', kid: 'attacked' }, { aud: 'shop' }),
}

async function another(alg: string): Promise<CryptoKey> {
  return (await generateKeyPair(alg)).privateKey
}

/** Signed with a private key by the platform, so that a key may be used against its purpose. */
async function ofKey(key: CryptoKey, header: { alg: string; [name: string]: unknown }, changes: JWTPayload = {}) {
  const claims = { ...admin(), ...changes }
  if (key.algorithm.name !== 'RSASSA-PKCS1-v1_5') return new SignJWT(claims).setProtectedHeader(header).sign(key)
  const text = `${base64(header)}.${base64(claims)}`
  const algorithm = header.alg === 'RS256' ? key : await asUsedFor(key, header.alg)
  const scheme = header.alg.startsWith('PS') ? { name: 'RSA-PSS', saltLength: 32 } : 'RSASSA-PKCS1-v1_5'
  const signature = await crypto.subtle.sign(scheme, algorithm, new TextEncoder().encode(text))
  return `${text}.${Buffer.from(signature).toString('base64url')}`
}

async function asUsedFor(key: CryptoKey, alg: string): Promise<CryptoKey> {
  const raw = await crypto.subtle.exportKey('pkcs8', key)
  const name = alg.startsWith('PS') ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5'
  const hash = `SHA-${alg.slice(2)}`
  return crypto.subtle.importKey('pkcs8', raw, { name, hash }, false, ['sign'])
}

const refused = { status: 401, code: 'unauthenticated' }

const headers: Readonly<Record<string, Record<string, string>>> = {
  'no header': {},
  'an empty header': { Authorization: '' },
  'the scheme alone': { Authorization: 'Bearer' },
  'another scheme': { Authorization: `Basic ${Buffer.from('root:root').toString('base64')}` },
  'a token without its scheme': { Authorization: good() },
  'two tokens in one header': { Authorization: `Bearer ${good()} ${good()}` },
  'a token in the place of a cookie': { Cookie: `token=${good()}` },
  'a token in a header of its own': { 'X-Access-Token': good() },
}

const over = (how: 'main' | 'published') =>
  Object.entries(how === 'main' ? ofSecret : ofPublishedKeys).map(
    ([what, make]): Attack => ({
      name: `${how === 'main' ? 'HS256' : 'JWKS'}: ${what}`,
      ...refused,
      reply: async (world) =>
        world.ask('GET', '/api/v1/users/alice/payments', { token: await make(world) }, world[how]),
    }),
  )

export const tokenAttacks: readonly Attack[] = [
  {
    name: 'none: the good token of the secret opens, so that the rest is known to fail for its own reason',
    status: 200,
    reply: (world) => world.ask('GET', '/api/v1/users/alice/payments', { token: good() }),
  },
  {
    name: 'none: the good token of the published key opens',
    status: 200,
    reply: async (world) => {
      const token = await ofKey(world.keys.private, { alg: 'RS256', kid: 'attacked' })
      return world.ask('GET', '/api/v1/users/alice/payments', { token }, world.published)
    },
  },
  ...Object.entries(headers).map(
    ([what, sent]): Attack => ({
      name: `header: ${what}`,
      ...refused,
      reply: (world) => world.ask('GET', '/api/v1/users/alice/payments', { headers: sent }),
    }),
  ),
  {
    name: 'a token in the query',
    ...refused,
    reply: (world) => world.ask('GET', `/api/v1/users/alice/payments?access_token=${good()}`),
  },
  ...over('main'),
  ...over('published'),
]
