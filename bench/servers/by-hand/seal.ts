import { createCipheriv, createSecretKey, randomFillSync } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'

// A key object: with the bytes themselves each sealing costs five times as much.
const key = createSecretKey(randomFillSync(Buffer.alloc(32)))

const NONCE = 12
const pool = Buffer.alloc(NONCE * 256)
let used = pool.length

/** Random bytes, made for many at once. */
function nonce(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += NONCE
  return Buffer.from(pool.subarray(used - NONCE, used))
}

/** A text sealed to its place by AES-256-GCM, in base64. */
export function seal(text: string | Buffer, place: string): string {
  const iv = nonce()
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place))
  const bytes = typeof text === 'string' ? cipher.update(text, 'utf8') : cipher.update(text)
  return Buffer.concat([iv, bytes, cipher.final(), cipher.getAuthTag()]).toString('base64')
}

const fast = { level: 1, windowBits: 13, memLevel: 6, chunkSize: 4096 }

/** The same for a payload of some kilobytes, made smaller first. */
export const sealPayload = (text: string, place: string): string => seal(deflateRawSync(text, fast), place)
