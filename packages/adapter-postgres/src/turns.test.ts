import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { turns } from './turns.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** Turns of a queue in which so many statements wait; each ends when it is told to. */
function queue() {
  let waiting = 0
  const running: (() => void)[] = []
  const offer = turns(
    () => {
      if (waiting === 0) return null
      waiting -= 1
      return new Promise((resolve) => running.push(resolve))
    },
    { atOnce: 1, patienceMs: 10 },
  )
  return {
    running,
    async come(count: number) {
      waiting += count
      for (let one = 0; one < count; one += 1) offer()
      await vi.advanceTimersByTimeAsync(0)
    },
    async end() {
      running.shift()?.()
      await vi.advanceTimersByTimeAsync(0)
    },
  }
}

test('gives the next turn when the one before has ended, and none where nothing waits', async () => {
  const { running, come, end } = queue()
  await come(3)
  expect(running).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(9)
  expect(running).toHaveLength(1)
  for (const left of [1, 1, 0]) {
    await end()
    expect(running).toHaveLength(left)
  }
  await vi.advanceTimersByTimeAsync(1000)
  await come(1)
  expect(running).toHaveLength(1)
})

test('puts others beside one that takes long, one each time that patience ends, and four at most', async () => {
  const { running, come, end } = queue()
  await come(9)
  for (const count of [2, 3, 4, 4, 4]) {
    await vi.advanceTimersByTimeAsync(10)
    expect(running).toHaveLength(count)
  }
  await come(1)
  expect(running).toHaveLength(4)
  await end()
  expect(running).toHaveLength(4)
})

test('puts what comes later beside one that has taken long already', async () => {
  const { running, come } = queue()
  await come(1)
  await vi.advanceTimersByTimeAsync(500)
  await come(2)
  expect(running).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(10)
  expect(running).toHaveLength(3)
})

test('has as many under way at once as it is told to', async () => {
  let running = 0
  const offer = turns(
    () => {
      running += 1
      return new Promise(() => {})
    },
    { atOnce: 2, patienceMs: 10 },
  )
  offer()
  await vi.advanceTimersByTimeAsync(0)
  expect(running).toBe(2)
})

test('leaves no timer behind when all has ended', async () => {
  const { come, end } = queue()
  await come(2)
  await end()
  await end()
  await vi.advanceTimersByTimeAsync(10)
  expect(vi.getTimerCount()).toBe(0)
})
