import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { everyLifeConverges, lifeContains, rangeOf } from '../../core/test/converging.ts'
import { openDatabases, openReplicas } from './replicas.ts'

const range = { ...rangeOf(300), lanes: 2 }

let databases: Awaited<ReturnType<typeof openDatabases>>
beforeAll(async () => {
  databases = await openDatabases()
}, 60_000)
afterAll(() => databases.close(), 60_000)

describe('whatever happens to two replicas on one PostgreSQL', () => {
  it('ends in the state that Stripe has, object by object, with one event for each final fact', {
    timeout: 3_600_000,
  }, async () => {
    const happened = await everyLifeConverges(() => openReplicas(databases), range)
    console.log(`${range.schedules} schedules from seed ${range.from} converged:`, Object.fromEntries(happened))
    if (range.schedules >= 300) expect(lifeContains.filter((what) => !happened.has(what))).toEqual([])
  })
})
