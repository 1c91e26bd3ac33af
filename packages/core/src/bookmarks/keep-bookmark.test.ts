import { expect, it } from 'vitest'
import { z } from 'zod'
import { opened } from '../../test/opened.ts'
import { idMaker } from '../ids.ts'
import { memoryStorage } from '../memory/index.ts'
import { systemRuntime } from '../runtime.ts'
import { moveBookmark, readBookmark } from './keep-bookmark.ts'

const depsOver = () => ({ storage: opened(memoryStorage()), runtime: systemRuntime, newId: idMaker(systemRuntime) })

it('moves from where it is at that moment, whoever moves it besides', async () => {
  const deps = depsOver()
  const move = () => moveBookmark(deps, 'test', z.number(), (known) => (known ?? 0) + 1)
  await Promise.all([move(), move(), move(), move(), move()])
  expect(await readBookmark(deps, 'test', z.number())).toBe(5)
})

it('takes what another release wrote for nothing', async () => {
  const deps = depsOver()
  await moveBookmark(deps, 'test', z.string(), () => 'page 7')
  expect(await readBookmark(deps, 'test', z.number())).toBeUndefined()
  expect(await readBookmark(deps, 'other', z.number())).toBeUndefined()
})
