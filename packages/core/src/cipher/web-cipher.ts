import { DefectError } from '../errors.ts'
import type { Cipher } from '../ports/cipher.ts'
import {
  checkKey,
  type KeyRing,
  keyFor,
  keysOf,
  NONCE_BYTES,
  readBytes,
  readText,
  writeBytes,
  writeText,
} from './envelope.ts'

type Bytes = Uint8Array<ArrayBuffer>

const utf8 = (text: string): Bytes => new TextEncoder().encode(text)

/** AES-256-GCM over WebCrypto: runs everywhere. On Node, `nodeCipher` of `@florin/core/node` is 15 to 25 times cheaper. */
export async function webCipher(ring: KeyRing): Promise<Cipher> {
  const keys = new Map<string, CryptoKey>()
  for (const key of keysOf(ring)) {
    checkKey(key)
    const usages: KeyUsage[] = ['encrypt', 'decrypt']
    keys.set(key.id, await crypto.subtle.importKey('raw', Uint8Array.from(key.bytes), 'AES-GCM', false, usages))
  }

  const seal = async (plain: Bytes, place: string) => {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
    const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: utf8(place) }
    const box = await crypto.subtle.encrypt(algorithm, keyFor(keys, ring.current.id), plain)
    return { keyId: ring.current.id, nonce, box: new Uint8Array(box) }
  }

  const open = async (envelope: ReturnType<typeof readText>, place: string) => {
    const algorithm = { name: 'AES-GCM', iv: Uint8Array.from(envelope.nonce), additionalData: utf8(place) }
    const key = keyFor(keys, envelope.keyId)
    try {
      return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, Uint8Array.from(envelope.box)))
    } catch (cause) {
      throw new DefectError(`a sealed value does not open at ${place}`, { cause })
    }
  }

  const through = async (bytes: Bytes, stream: CompressionStream | DecompressionStream) =>
    new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer())

  return {
    sealText: async (plain, place) => writeText(await seal(utf8(plain), place)),
    openText: async (sealed, place) => new TextDecoder().decode(await open(readText(sealed), place)),
    sealBytes: async (plain, place) =>
      writeBytes(await seal(await through(utf8(plain), new CompressionStream('deflate-raw')), place)),
    openBytes: async (sealed, place) => {
      const packed = await open(readBytes(sealed), place)
      return new TextDecoder().decode(await through(packed, new DecompressionStream('deflate-raw')))
    },
    digest: async (text) =>
      Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))), (byte) =>
        byte.toString(16).padStart(2, '0'),
      ).join(''),
  }
}
