import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import {
  type Base64Url,
  checkKey,
  type Envelope,
  KEY_BYTES,
  type KeyRing,
  keyFor,
  keysOf,
  NONCE_BYTES,
  placeOfKey,
  readBytes,
  readText,
  retiredIn,
  TAG_BYTES,
  writeBytes,
  writeText,
} from '../cipher/envelope.ts'
import { DefectError } from '../errors.ts'
import type { Cipher, DataKey } from '../ports/cipher.ts'
import { systemRuntime } from '../runtime.ts'

/** AES-256-GCM over node:crypto, synchronous. Opens what `webCipher` sealed, and the other way round. */
export function nodeCipher(ring: KeyRing): Cipher {
  const ringKeys = new Map<string, KeyObject>()
  for (const key of keysOf(ring)) {
    checkKey(key)
    ringKeys.set(key.id, createSecretKey(key.bytes))
  }
  const current = keyFor(ringKeys, ring.current.id)

  const wrap = (id: string, bytes: Uint8Array): string =>
    writeText({ keyId: ring.current.id, ...encrypt(current, bytes, placeOfKey(id)) }, base64Url)

  const unwrap = (id: string, wrapped: string): Buffer => {
    const { keyId, ...sealed } = readText(wrapped, base64Url)
    return decrypt(keyFor(ringKeys, keyId), sealed, placeOfKey(id))
  }

  return {
    wrapsWith: ring.current.id,
    retired: retiredIn(ring),
    makeKey(id) {
      const bytes = randomBytes(KEY_BYTES)
      return { key: dataKey(id, createSecretKey(bytes)), wrapped: wrap(id, bytes) }
    },
    openKey: (id, wrapped) => dataKey(id, createSecretKey(unwrap(id, wrapped))),
    wrapAgain: (id, wrapped) => wrap(id, unwrap(id, wrapped)),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  }
}

const base64Url: Base64Url = {
  write: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url'),
  read: (text) => Buffer.from(text, 'base64url'),
}

// Bodies are a few kilobytes: a better level costs more time than it saves room, and more memory only has to be cleared.
const FAST = { level: 1, windowBits: 13, memLevel: 6, chunkSize: 4096 }

function dataKey(id: string, key: KeyObject): DataKey {
  return {
    id,
    sealText: (plain, place) => writeText({ keyId: id, ...encrypt(key, Buffer.from(plain), place) }, base64Url),
    openText: (sealed, place) => decrypt(key, readText(sealed, base64Url), place).toString(),
    sealBytes: (plain, place) => writeBytes({ keyId: id, ...encrypt(key, deflateRawSync(plain, FAST), place) }),
    openBytes: (sealed, place) => inflateRawSync(decrypt(key, readBytes(sealed), place)).toString(),
  }
}

type Sealed = Omit<Envelope, 'keyId'>

function encrypt(key: KeyObject, plain: Uint8Array, place: string): Sealed {
  const nonce = systemRuntime.randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(place))
  // In this mode all of it comes out at once, and the end adds nothing but the tag.
  const sealed = cipher.update(plain)
  cipher.final()
  return { nonce, box: Buffer.concat([sealed, cipher.getAuthTag()]) }
}

function decrypt(key: KeyObject, { nonce, box }: Sealed, place: string): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce)
    decipher.setAAD(Buffer.from(place))
    decipher.setAuthTag(box.subarray(box.length - TAG_BYTES))
    const plain = decipher.update(box.subarray(0, box.length - TAG_BYTES))
    decipher.final()
    return plain
  } catch (cause) {
    throw new DefectError(`a sealed value does not open at ${place}`, { cause })
  }
}
