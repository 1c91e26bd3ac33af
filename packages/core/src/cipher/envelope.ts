import { DefectError } from '../errors.ts'

/** A 256-bit key of the ring, and the id that wrapped data keys name it by. */
export interface CipherKey {
  readonly id: string
  readonly bytes: Uint8Array
}

/** The key that wraps data keys, and those that only open what they wrapped before. */
export interface KeyRing {
  readonly current: CipherKey
  readonly retired?: readonly CipherKey[] | undefined
}

export const KEY_BYTES = 32
export const NONCE_BYTES = 12
export const TAG_BYTES = 16
const VERSION = 'v1'

/** The parts of `v1.<key id>.<nonce>.<ciphertext and tag>`. */
export interface Envelope {
  readonly keyId: string
  readonly nonce: Uint8Array
  /** Ciphertext with its tag at the end. */
  readonly box: Uint8Array
}

/** How bytes are written as base64url. Node has a far cheaper way than the one that runs everywhere. */
export interface Base64Url {
  write(bytes: Uint8Array): string
  read(text: string): Uint8Array
}

/** Writes an envelope for a text column. It reads the same whichever `base64Url` wrote it. */
export function writeText({ keyId, nonce, box }: Envelope, base64Url: Base64Url = portableBase64Url): string {
  return `${VERSION}.${keyId}.${base64Url.write(nonce)}.${base64Url.write(box)}`
}

/** Takes the text of an envelope apart, and opens nothing. @throws `defect` where it is no sealed value */
export function readText(text: string, base64Url: Base64Url = portableBase64Url): Envelope {
  const [version, keyId, nonce, box, ...rest] = text.split('.')
  if (version !== VERSION || !keyId || !nonce || !box || rest.length > 0) throw new DefectError('not a sealed value')
  return { keyId, nonce: base64Url.read(nonce), box: base64Url.read(box) }
}

/** The same envelope in binary: version, length of the key id, key id, nonce, box. */
export function writeBytes({ keyId, nonce, box }: Envelope): Uint8Array {
  const id = new TextEncoder().encode(keyId)
  const bytes = new Uint8Array(2 + id.length + nonce.length + box.length)
  bytes.set([1, id.length])
  bytes.set(id, 2)
  bytes.set(nonce, 2 + id.length)
  bytes.set(box, 2 + id.length + nonce.length)
  return bytes
}

/** Takes a binary envelope apart into views of the same bytes. @throws `defect` where it is no sealed value */
export function readBytes(bytes: Uint8Array): Envelope {
  if (!isEnvelope(bytes)) throw new DefectError('not a sealed value')
  const idLength = bytes[1] ?? 0
  const boxAt = 2 + idLength + NONCE_BYTES
  return {
    keyId: new TextDecoder().decode(bytes.subarray(2, 2 + idLength)),
    nonce: bytes.subarray(2 + idLength, boxAt),
    box: bytes.subarray(boxAt),
  }
}

const isEnvelope = (bytes: Uint8Array): boolean =>
  bytes[0] === 1 && bytes.length >= 2 + (bytes[1] ?? 0) + NONCE_BYTES + TAG_BYTES

/** Whether a value has one of the two forms in which sealed ones are stored. */
export const isSealed = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array

/** The id of the key that a value was sealed under, without reading the rest of it; undefined where it is none. */
export function keyNamedBy(sealed: string | Uint8Array): string | undefined {
  if (typeof sealed !== 'string') return isEnvelope(sealed) ? readBytes(sealed).keyId : undefined
  const end = sealed.indexOf('.', VERSION.length + 1)
  return sealed.startsWith(`${VERSION}.`) && end > 0 ? sealed.slice(VERSION.length + 1, end) : undefined
}

/** The id of the key that a value was sealed under. @throws `defect` where it is no sealed value */
export function keyIdOf(sealed: string | Uint8Array): string {
  const id = keyNamedBy(sealed)
  if (id === undefined) throw new DefectError('not a sealed value')
  return id
}

/** Where a value belongs: authenticated with it, so that it opens nowhere else. */
export const placeOf = (table: string, column: string, id: string): string => `${table}.${column}.${id}`

/** The place of a wrapped data key. */
export const placeOfKey = (id: string): string => placeOf('data_keys', 'wrapped', id)

/** Finds the ring key that an envelope names. */
export function keyFor<Key>(keys: ReadonlyMap<string, Key>, keyId: string): Key {
  const key = keys.get(keyId)
  if (key === undefined) throw new DefectError(`no key ${keyId} in the key ring`)
  return key
}

/** All keys of a ring, the current one last: put into a map by their ids, it stays where a retired one has its id. */
export const keysOf = ({ current, retired = [] }: KeyRing): readonly CipherKey[] => [...retired, current]

/** The ids of the ring keys besides the current one. A key that is named as both is the current one. */
export const retiredIn = (ring: KeyRing): readonly string[] =>
  [...new Set(keysOf(ring).map(({ id }) => id))].filter((id) => id !== ring.current.id)

/** Refuses keys of another size: AES-256 takes 32 bytes, and a shorter one must never be padded. */
export function checkKey({ id, bytes }: CipherKey): void {
  if (bytes.length !== KEY_BYTES) throw new DefectError(`the encryption key ${id} has ${bytes.length} bytes, not 32`)
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw new DefectError('a key id is 1 to 64 letters, digits, - or _')
}

const portableBase64Url: Base64Url = {
  write(bytes) {
    let raw = ''
    for (const byte of bytes) raw += String.fromCharCode(byte)
    return btoa(raw).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  },
  read(text) {
    const raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(raw, (character) => character.charCodeAt(0))
  },
}
