import type { Database } from '@florin/adapter-postgres'
import { expect, test } from 'vitest'
import { measureBacklog } from '../src/cli/measure-backlog.ts'
import { createLogger, createMetrics } from '../src/index.ts'

function scraper(answer: () => Promise<readonly (readonly unknown[])[]>) {
  let questions = 0
  const metrics = createMetrics()
  const database: Database = {
    run() {
      questions += 1
      return answer()
    },
    dialect() {
      throw new Error('not asked for here')
    },
  }
  measureBacklog(database, metrics, Date.now, createLogger({ level: 'silent' }))
  return { scrape: metrics.text, questions: () => questions }
}

test('asks the database once for all gauges, however often it is scraped', async () => {
  const { scrape, questions } = scraper(async () => [[3, 90.5, 2, 7, 1, 4, 30, 5, 600]])
  const [text] = await Promise.all(Array.from({ length: 20 }, scrape))
  await scrape()
  expect(text).toMatch(/^operations_open 3$/m)
  expect(text).toMatch(/^operations_oldest_open_seconds 90.5$/m)
  expect(text).toMatch(/^domain_events_dead 1$/m)
  expect(text).toMatch(/^webhook_events_failed 4$/m)
  expect(text).toMatch(/^user_erasures_oldest_open_seconds 600$/m)
  expect(questions()).toBe(1)
})

test.each([
  { why: 'fails', answer: () => Promise.reject(new Error('connect ECONNREFUSED')) },
  { why: 'hangs', answer: () => new Promise<never>(() => {}) },
])('still shows all else while the database $why', async ({ answer }) => {
  const { scrape } = scraper(answer)
  const text = await scrape()
  expect(text).toMatch(/^operations_open NaN$/im)
  expect(text).toContain('process_cpu_user_seconds_total')
})
