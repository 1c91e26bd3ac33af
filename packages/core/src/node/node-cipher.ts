import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import {
  checkKey,
  type Envelope,
  type KeyRing,
  keyFor,
  keysOf,
  NONCE_BYTES,
  readBytes,
  readText,
  TAG_BYTES,
  writeBytes,
  writeText,
} from '../cipher/envelope.ts'
import { DefectError } from '../errors.ts'
import type { Cipher } from '../ports/cipher.ts'

/** AES-256-GCM over node:crypto, synchronous. Opens what `webCipher` sealed, and the other way round. */
export function nodeCipher(ring: KeyRing): Cipher {
  const keys = new Map<string, KeyObject>()
  for (const key of keysOf(ring)) {
    checkKey(key)
    keys.set(key.id, createSecretKey(key.bytes))
  }

  const seal = (plain: Uint8Array, place: string): Envelope => {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', keyFor(keys, ring.current.id), nonce)
    cipher.setAAD(Buffer.from(place))
    const box = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    return { keyId: ring.current.id, nonce, box }
  }

  const open = ({ keyId, nonce, box }: Envelope, place: string): Buffer => {
    const key = keyFor(keys, keyId)
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce)
      decipher.setAAD(Buffer.from(place))
      decipher.setAuthTag(box.subarray(box.length - TAG_BYTES))
      return Buffer.concat([decipher.update(box.subarray(0, box.length - TAG_BYTES)), decipher.final()])
    } catch (cause) {
      throw new DefectError(`a sealed value does not open at ${place}`, { cause })
    }
  }

  return {
    sealText: (plain, place) => writeText(seal(Buffer.from(plain), place)),
    openText: (sealed, place) => open(readText(sealed), place).toString(),
    sealBytes: (plain, place) => writeBytes(seal(deflateRawSync(plain), place)),
    openBytes: (sealed, place) => inflateRawSync(open(readBytes(sealed), place)).toString(),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  }
}
