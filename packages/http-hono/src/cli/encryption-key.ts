import { createHash } from 'node:crypto'
import type { CipherKey } from '@florin/core'
import { WrongValue } from './value-types.ts'

/**
 * Reads a key of 32 characters, or of 32 bytes as `base64:…`.
 *
 * Its id is made from the key itself, so that rotating keys needs no names and the same key is the same on every
 * machine.
 */
export function readEncryptionKey(text: string): CipherKey {
  const bytes = text.startsWith('base64:') ? fromBase64(text.slice('base64:'.length)) : fromCharacters(text)
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes }
}

function fromCharacters(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length === 32) return bytes
  const length = [...text].length
  throw new WrongValue(
    length === 32
      ? 'has 32 characters, but some of them are not plain ASCII; write the key as base64:<32 bytes>'
      : `has ${length} characters, it must have exactly 32 (or be base64:<32 bytes>)`,
  )
}

function fromBase64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) throw new WrongValue('is no valid base64 after base64:')
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  if (bytes.length !== 32) throw new WrongValue(`holds ${bytes.length} bytes after base64:, it must hold exactly 32`)
  return bytes
}
