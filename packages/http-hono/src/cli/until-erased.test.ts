import type { Erasure } from '@florin/core'
import { expect, test } from 'vitest'
import { untilErased } from './until-erased.ts'

const startedAt = '2026-11-26T12:00:00.000Z'
const nextAttemptAt = '2026-11-26T12:02:00.000Z'
const erasing = { object: 'erasure', userId: 'user_1', status: 'erasing', startedAt, erasedAt: null } as const
const early: Erasure = { ...erasing, nextAttemptAt, waitsFor: 'other_processes' }
const open: Erasure = { ...erasing, nextAttemptAt, waitsFor: 'open_operations' }
const done: Erasure = { ...erasing, status: 'erased', erasedAt: nextAttemptAt, nextAttemptAt: null, waitsFor: null }

/** Waits for an erasure that answers so, one answer after the other, by a clock that only waiting moves. */
async function waitedFor(answers: readonly Erasure[]) {
  const [lines, waits]: [string[], number[]] = [[], []]
  const left = [...answers]
  let now = Date.parse(startedAt)
  const ended = await untilErased(
    async () => left.shift() ?? done,
    (line) => void lines.push(line),
    {
      now: () => now,
      async wait(milliseconds) {
        waits.push(milliseconds)
        now += milliseconds
      },
    },
  )
  return { ended, lines, waits }
}

test('an operation that stays open is told once, is waited for with pauses, and the time that is past is not told', async () => {
  const { ended, lines, waits } = await waitedFor([early, open, open, open])
  expect(ended).toBe(done)
  expect(waits).toEqual([120_000, 15_000, 15_000, 15_000])
  expect(lines).toEqual([
    expect.stringMatching(/The key goes at 2026-11-26T12:02:00.000Z, when every server must have seen that\.$/),
    expect.stringMatching(
      /The key goes once no operation of the user's is open at Stripe; it is tried every 15 seconds\.$/,
    ),
  ])
})

test('what comes to its end at once is not waited for', async () => {
  expect(await waitedFor([])).toEqual({ ended: done, lines: [], waits: [] })
})
