import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

/** What checks signatures of the audit log: the public half of a key. */
export interface AuditPublicKey {
  /** Names the key in seals and log lines; made from the key itself. */
  readonly id: string
  /** The 32 bytes of an Ed25519 public key. */
  readonly bytes: Uint8Array
  isSignatureOf(signature: Uint8Array, text: string): boolean
}

/** What signs the audit log. Keep it away from the database: whoever has both can write another history. */
export interface AuditKey extends AuditPublicKey {
  sign(text: string): Uint8Array
}

// RFC 8410: what stands before the 32 bytes.
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** The key of 32 secret bytes. */
export function auditKey(secret: Uint8Array): AuditKey {
  const key = createPrivateKey({ key: Buffer.concat([privatePrefix, secret]), format: 'der', type: 'pkcs8' })
  const publicBytes = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length)
  return { ...auditPublicKey(publicBytes), sign: (text) => sign(null, Buffer.from(text), key) }
}

/** The public half of a key, which suffices to verify. */
export function auditPublicKey(bytes: Uint8Array): AuditPublicKey {
  const der = Buffer.concat([publicPrefix, bytes])
  const key: KeyObject = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return {
    id: createHash('sha256').update(bytes).digest('hex').slice(0, 8),
    bytes: Uint8Array.from(bytes),
    isSignatureOf: (signature, text) => verify(null, Buffer.from(text), key, signature),
  }
}
