import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Claim, PlannedCommit } from './commit-plan.ts'
import { commitQueue, type Outcome, type SendGroup } from './commit-queue.ts'

/** No group that is held here is to have another one beside it. */
const NEVER = 600_000

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve))

type Claims = Readonly<Record<string, Claim>>

const row = (id: string, version: number): Claims => ({ [`row ${id}`]: { id, version, ifAbsent: false } })

let commits = 0
const planned = (claims: Claims): PlannedCommit => {
  commits += 1
  return {
    commit: { id: `commit_${commits}`, changes: [] },
    plan: [],
    claims: new Map(Object.entries(claims)),
    size: 1,
  }
}

/** A queue whose groups end when they are told to, and what was sent through it. */
function heldQueue() {
  const sent: (readonly PlannedCommit[])[] = []
  const ends: ((outcomes: readonly Outcome[] | Error) => void)[] = []
  const send: SendGroup = (group) => {
    sent.push(group)
    return new Promise((resolve, reject) => {
      ends.push((outcomes) => (outcomes instanceof Error ? reject(outcomes) : resolve(outcomes)))
    })
  }
  const end = async (index: number, ...outcomes: readonly Outcome[]) => {
    ends[index]?.(outcomes)
    await turnOfTheLoop()
  }
  const fail = async (index: number, error: Error) => {
    ends[index]?.(error)
    await turnOfTheLoop()
  }
  return { commit: commitQueue(send, NEVER), sent, end, fail }
}

test('lets go whoever waited for one that was not committed, and answers all who were overtaken, down the line', async () => {
  const { commit, sent, end } = heldQueue()
  const results = [row('a', 1), row('a', 1), row('a', 1), row('a', 2)].map((claims) => commit(planned(claims)))
  await turnOfTheLoop()
  expect(sent).toHaveLength(1)
  await end(0, 'conflict')
  expect(sent).toHaveLength(2)
  await end(1, 'committed')
  // The third was decided on what the second replaced; the fourth on what it wrote.
  expect(sent).toHaveLength(3)
  await end(2, 'committed')
  expect(await Promise.all(results)).toEqual(['conflict', 'committed', 'conflict', 'committed'])
})

test('tells whoever waits behind one that was turned away what that one was overtaken by', async () => {
  const { commit, sent, end } = heldQueue()
  const results = [row('a', 1), { ...row('a', 1), ...row('b', 1) }, row('a', 1), row('b', 1)].map((claims) =>
    commit(planned(claims)),
  )
  await turnOfTheLoop()
  await end(0, 'committed')
  // Of the row b nothing was written, so the last is not overtaken.
  expect(sent[1]).toHaveLength(1)
  await end(1, 'committed')
  expect(await Promise.all(results)).toEqual(['committed', 'conflict', 'conflict', 'committed'])
})

test('is not overtaken by what was only written if absent', async () => {
  const { commit, sent, end } = heldQueue()
  const key = (id: string, ifAbsent: boolean): Claims => ({ 'key x': { id, version: 0, ifAbsent } })
  const results = [commit(planned(key('1', true))), commit(planned(key('2', false)))]
  await turnOfTheLoop()
  await end(0, 'committed')
  expect(sent).toHaveLength(2)
  await end(1, 'conflict')
  expect(await Promise.all(results)).toEqual(['committed', 'conflict'])
})

test('goes on after a group that failed, with those that waited for it', async () => {
  const { commit, sent, end, fail } = heldQueue()
  const first = commit(planned(row('a', 1)))
  const second = commit(planned(row('a', 1)))
  const failed = expect(first).rejects.toThrow('no connection')
  await turnOfTheLoop()
  await fail(0, new Error('no connection'))
  await failed
  expect(sent).toHaveLength(2)
  await end(1, 'committed')
  expect(await second).toBe('committed')
})

test('never has two under way that write the same, keeps their order, and ends every one, whatever comes of each', async () => {
  const claims = fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 })
  const outcomes = fc.constantFrom<Outcome | 'lost' | 'refused'>(
    'committed',
    'committed',
    'conflict',
    'lost',
    'refused',
  )
  const arrivals = fc.array(fc.record({ claims, outcome: outcomes, later: fc.nat(3) }), { minLength: 1, maxLength: 60 })
  // With no patience as many go side by side as may; with a lot of it, one at a time.
  const patience = fc.constantFrom(0, NEVER)
  await fc.assert(
    fc.asyncProperty(arrivals, patience, async (given, patienceMs) => {
      const versions = new Map<string, number>()
      const underWay = new Set<string>()
      const wrong: string[] = []
      const order = new Map<string, number[]>()
      const of = new Map<string, { readonly index: number; readonly outcome: (typeof given)[number]['outcome'] }>()
      const done = (one: PlannedCommit, isCommitted: boolean) => {
        for (const [name, { version }] of one.claims) {
          underWay.delete(name)
          if (isCommitted) versions.set(name, version + 1)
        }
      }
      const send: SendGroup = async (group) => {
        for (const one of group) {
          for (const [name, { version }] of one.claims) {
            if (underWay.has(name)) wrong.push(`${name} is written twice at once`)
            if (version !== (versions.get(name) ?? 0)) wrong.push(`${name} was sent though it had been overtaken`)
            underWay.add(name)
            order.set(name, [...(order.get(name) ?? []), of.get(one.commit.id)?.index ?? -1])
          }
        }
        await turnOfTheLoop()
        if (group.some((one) => of.get(one.commit.id)?.outcome === 'refused')) {
          for (const one of group) done(one, false)
          throw new Error('refused')
        }
        return group.map((one) => {
          const outcome = of.get(one.commit.id)?.outcome
          if (outcome !== 'lost') {
            done(one, outcome === 'committed')
            return outcome === 'committed' ? 'committed' : 'conflict'
          }
          return new Promise<Outcome>((resolve) => {
            setImmediate(() => {
              done(one, true)
              resolve('committed')
            })
          })
        })
      }
      const commit = commitQueue(send, patienceMs)
      const results: Promise<Outcome | 'failed'>[] = []
      for (const [index, { claims, outcome, later }] of given.entries()) {
        for (let turn = 0; turn < later; turn += 1) await turnOfTheLoop()
        const seen = claims.map((name) => row(String(name), versions.get(`row ${name}`) ?? 0))
        const one = planned(Object.assign({}, ...seen))
        of.set(one.commit.id, { index, outcome })
        results.push(commit(one).catch(() => 'failed' as const))
      }
      expect(await Promise.all(results)).toHaveLength(given.length)
      expect({ wrong, left: underWay.size }).toEqual({ wrong: [], left: 0 })
      for (const indexes of order.values()) expect(indexes).toEqual([...indexes].sort((a, b) => a - b))
    }),
    { numRuns: 300 },
  )
})
