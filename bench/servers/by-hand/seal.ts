import { createCipheriv, randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'

const key = randomBytes(32)

/** A text sealed to its place by AES-256-GCM, in base64. */
export function seal(text: string | Buffer, place: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(place))
  const bytes = typeof text === 'string' ? cipher.update(text, 'utf8') : cipher.update(text)
  return Buffer.concat([iv, bytes, cipher.final(), cipher.getAuthTag()]).toString('base64')
}

/** The same for a payload of some kilobytes, made smaller first. */
export const sealPayload = (text: string, place: string): string => seal(deflateRawSync(text, { memLevel: 5 }), place)
