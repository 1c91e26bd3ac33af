import type { Role } from '@florin/core'
import { SignJWT } from 'jose'
import type { Config } from './variables.ts'

export interface TokenRequest {
  /** The user id. */
  readonly sub: string
  readonly roles: readonly Role[]
  /** Seconds. */
  readonly timeToLive: number
  readonly secret: string
}

/** Signs a token (HS256) as the server checks it, with the issuer and the audience that are configured. */
export function signToken(
  { sub, roles, timeToLive, secret }: TokenRequest,
  { JWT_ISSUER: issuer, JWT_AUDIENCE: audience }: Pick<Config, 'JWT_ISSUER' | 'JWT_AUDIENCE'>,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const token = new SignJWT({ roles: [...roles] })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(sub)
    .setIssuedAt(now)
    .setExpirationTime(now + timeToLive)
  if (issuer !== undefined) token.setIssuer(issuer)
  if (audience !== undefined) token.setAudience(audience)
  return token.sign(new TextEncoder().encode(secret))
}
