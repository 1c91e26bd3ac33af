import { createHash } from 'node:crypto'
import type { State } from './state.ts'

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Bytes that depend on nothing but the seed, a label and how often that label was used before. */
function nextBytes(state: State, label: string): Buffer {
  const count = (state.counters.get(label) ?? 0) + 1
  state.counters.set(label, count)
  state.undo?.push(() => state.counters.set(label, count - 1))
  return createHash('sha512').update(`${state.seed}:${label}:${count}`).digest()
}

/**
 * A new id in Stripe's format. Each prefix counts for itself, so that how often one kind of object is made, or how many
 * requests are sent in between, does not change the ids of the others.
 */
export function nextId(state: State, prefix: string, length = 24): string {
  return `${prefix}_${nextCode(state, prefix, length)}`
}

/** Letters and digits for secrets and fingerprints. */
export function nextCode(state: State, label: string, length: number): string {
  const bytes = nextBytes(state, label)
  let code = ''
  for (let index = 0; index < length; index += 1) code += letters[(bytes[index % bytes.length] ?? 0) % letters.length]
  return code
}

/** A number from 0 up to 1, from the seed. */
export function nextRandom(state: State, label: string): number {
  return nextBytes(state, label).readUInt32BE(0) / 2 ** 32
}

/**
 * A number from 0 up to 1, from the seed and a text. The same text gives the same number, so that a chance does not
 * depend on how many others were taken before, which over a network nobody can foretell.
 */
export function randomFor(state: State, value: string): number {
  return createHash('sha512').update(`${state.seed}:${value}`).digest().readUInt32BE(0) / 2 ** 32
}

/** Code that is the same for the same text, e.g. a card's fingerprint. */
export function codeFor(value: string, length: number): string {
  const bytes = createHash('sha512').update(value).digest()
  let code = ''
  for (let index = 0; index < length; index += 1) code += letters[(bytes[index % bytes.length] ?? 0) % letters.length]
  return code
}
