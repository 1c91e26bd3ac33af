import { expect, it } from 'vitest'
import { systemRuntime } from './runtime.ts'

it('never gives the same random bytes twice, of any size, across many refills of its pool', () => {
  const given = Array.from({ length: 20_000 }, (_, index) =>
    systemRuntime.randomBytes([12, 16, 4096, 33][index % 4] ?? 1),
  )
  expect(given.map(({ length }) => length).slice(0, 4)).toEqual([12, 16, 4096, 33])
  expect(new Set(given.map((bytes) => bytes.join())).size).toBe(given.length)
  // Twelve zeros would come by chance once in 2^96 times: they are bytes that were given out before.
  expect(given.some((bytes) => bytes.every((byte) => byte === 0))).toBe(false)
})

it('gives bytes that are the caller’s own', () => {
  const bytes = systemRuntime.randomBytes(16)
  const copy = Uint8Array.from(bytes)
  systemRuntime.randomBytes(16).fill(7)
  expect(bytes).toEqual(copy)
  expect(bytes.buffer.byteLength).toBe(16)
})
