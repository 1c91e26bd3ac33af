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
  | 'key'

/** Makes an id such as `tx_01jd…`: a prefix and a UUIDv7, so ids sort by their creation. */
export type NewId = (prefix: IdPrefix) => string

/**
 * Ids from the runtime's clock and randomness (UUIDv7, RFC 9562 §5.7). Those of one maker never go back: within one
 * millisecond the 12 bits after the time count up (RFC 9562 §6.2, method 1).
 */
export function idMaker(runtime: Pick<Runtime, 'now' | 'randomBytes'>): NewId {
  let last = 0
  let count = 0
  return (prefix) => {
    const bytes = runtime.randomBytes(16)
    const now = Math.max(runtime.now(), last)
    // Starting low leaves room to count; past its end the next millisecond is borrowed.
    count = now > last ? (bytes[6] ?? 0) : count + 1
    last = count > 0xfff ? now + 1 : now
    if (count > 0xfff) count = 0
    let rest = last
    for (let index = 5; index >= 0; index -= 1) {
      bytes[index] = rest % 256
      rest = Math.floor(rest / 256)
    }
    bytes[6] = 0x70 | (count >> 8)
    bytes[7] = count & 0xff
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    return fromUUIDBytes(prefix, bytes)
  }
}
