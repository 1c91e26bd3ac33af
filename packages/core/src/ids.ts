import { fromUUIDBytes } from 'typeid-js'
import type { Runtime } from './ports/runtime.ts'

/** The prefixes of Florin's ids. */
export type IdPrefix =
  | 'tx'
  | 'method'
  | 'subscription'
  | 'invoice'
  | 'refund'
  | 'dispute'
  | 'operation'
  | 'event'
  | 'audit'
  | 'commit'

/** Makes an id such as `tx_01jd…`: a prefix and a UUIDv7, so ids sort by their creation. */
export type NewId = (prefix: IdPrefix) => string

/** Ids from the runtime's clock and randomness (UUIDv7, RFC 9562 §5.7). */
export function idMaker(runtime: Pick<Runtime, 'now' | 'randomBytes'>): NewId {
  return (prefix) => {
    const bytes = runtime.randomBytes(16)
    let rest = runtime.now()
    for (let index = 5; index >= 0; index -= 1) {
      bytes[index] = rest % 256
      rest = Math.floor(rest / 256)
    }
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    return fromUUIDBytes(prefix, bytes)
  }
}
