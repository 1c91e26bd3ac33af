import { type PublicKeyAlgorithm, publicKeyAlgorithms } from '../auth.ts'
import { WrongValue } from './value-types.ts'

/** A secret or restricted key, for tests or live. The publishable one is what is pasted by mistake, so that is said. */
export function readSecretKey(value: string): string {
  if (value.startsWith('pk_')) throw new WrongValue('is a publishable key; the secret one begins with sk_ or rk_')
  if (!/^(sk|rk)_(test|live)_\w+$/.test(value))
    throw new WrongValue('must begin with sk_test_, sk_live_, rk_test_ or rk_live_')
  return value
}

/** Looks at the form only: whether it is this endpoint's secret shows when the first webhook comes. */
export function readWebhookSecret(value: string): string {
  if (!/^whsec_\S+$/.test(value)) throw new WrongValue('must begin with whsec_')
  return value
}

/** An algorithm of public keys. HS256 is none: with it whoever knows the public key could sign tokens. */
export function readAlgorithm(value: string): PublicKeyAlgorithm {
  const known = publicKeyAlgorithms.find((name) => name === value)
  if (known === undefined) throw new WrongValue(`must hold any of ${publicKeyAlgorithms.join(', ')}`)
  return known
}

/** A receiver of events, over http too. A user and password in it would only fail later, for `fetch` refuses them. */
export function readEventUrl(value: string): string {
  const { protocol, username, password } = URL.canParse(value) ? new URL(value) : {}
  if (!/^https?:$/.test(protocol ?? '') || username || password) {
    throw new WrongValue('must hold URLs such as https://shop.example/florin, without a user and a password')
  }
  return value
}

/** What Florin signs its own events with. Standard Webhooks asks for 24 bytes, which are 32 characters of base64. */
export function readEventSecret(value: string): string {
  if (!/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(value))
    throw new WrongValue('must be whsec_ and at least 24 bytes in base64')
  return value
}
