import { afterEach, expect } from 'vitest'
import { currentApiVersion, type StripeSandbox } from '../src/index.ts'
import { problemsOf } from './stripe-shape.ts'

let problems: string[] = []
const watched = new Set<StripeSandbox>()
const checkedEvents = new WeakSet<object>()

/**
 * The same sandbox, every answer and event of which is held against stripe-node's types. What differs fails the test
 * in which it was seen: a thrown error would only look like one more failed request to the code under test.
 */
export function validating(sandbox: StripeSandbox): StripeSandbox {
  watched.add(sandbox)
  /** A reset takes the events with it, so they are looked at before. */
  const beforeCall = (path: string): void => {
    if (path.endsWith('/reset')) checkEvents(sandbox)
  }
  return {
    ...sandbox,
    state: {
      ...sandbox.state,
      reset() {
        checkEvents(sandbox)
        sandbox.state.reset()
      },
      restore(snapshot) {
        checkEvents(sandbox)
        sandbox.state.restore(snapshot)
      },
    },
    control(method, path, body) {
      beforeCall(path)
      return sandbox.control(method, path, body)
    },
    async fetch(input, init) {
      const url = input instanceof Request ? input.url : String(input)
      beforeCall(url)
      const response = await sandbox.fetch(input, init)
      // The page is no object of Stripe's, and its stream of changes has no end.
      if (!new URL(url).pathname.startsWith('/v1/')) return response
      // A body that breaks off on purpose has nothing to check.
      const body = await response
        .clone()
        .text()
        .catch(() => '')
      checkAnswer(url, (name) => response.headers.get(name), body)
      return response
    },
    async exchange(request) {
      beforeCall(request.url)
      const outcome = await sandbox.exchange(request)
      if (outcome.kind === 'answer' || outcome.kind === 'truncated') {
        checkAnswer(request.url, (name) => outcome.answer.headers[name] ?? null, outcome.answer.body)
      }
      return outcome
    },
  }
}

/** What was found so far, which then no longer fails the test. */
export function takeProblems(): string[] {
  for (const sandbox of watched) checkEvents(sandbox)
  const found = [...new Set(problems)]
  problems = []
  return found
}

afterEach(() => {
  expect(takeProblems(), 'differences from the types of stripe-node').toEqual([])
})

function checkAnswer(url: string, header: (name: string) => string | null, body: string): void {
  const isStripes = new URL(url).pathname.startsWith('/v1/') && header('content-type') === 'application/json'
  // Objects of older API versions have shapes that these types do not know.
  if (!isStripes || header('stripe-version') !== currentApiVersion || body === '') return
  problems.push(...problemsOf(JSON.parse(body)))
}

function checkEvents(sandbox: StripeSandbox): void {
  for (const event of sandbox.state.all('event')) {
    if (checkedEvents.has(event)) continue
    checkedEvents.add(event)
    problems.push(...problemsOf(event))
  }
}
