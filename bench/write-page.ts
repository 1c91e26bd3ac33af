// node bench/write-page.ts results/<run>.json…: puts the figures of runs into docs/performance.md, between its two marks.
// What stands around them is written by hand.
import { readFileSync, writeFileSync } from 'node:fs'
import { cellsOf, compare } from './compare.ts'
import type { Results } from './run.ts'
import type { Soak } from './soak.ts'
import { here } from './world.ts'

const files = process.argv.slice(2)
if (files.length === 0) throw new Error('name the results: node bench/write-page.ts <file>…')
const page = here('../docs/performance.md')
const text = readFileSync(page, 'utf8')
const marked = /(<!-- figures -->)[\s\S]*(<!-- end -->)/
if (!marked.test(text)) throw new Error('docs/performance.md has lost its marks')
const figures = files.flatMap((file) => figuresOf(JSON.parse(readFileSync(file, 'utf8')) as Results))
writeFileSync(
  page,
  text.replace(marked, (_, start: string, end: string) => [start, ...figures, end].join('\n')),
)

function figuresOf({ date, machine, versions, plan, measurements, soak }: Results): readonly string[] {
  const runs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const measured = `Measured ${date.slice(0, 16).replace('T', ' ')} UTC on ${machine}; ${runs.join('; ')}.`
  return soak ? [measured, ...soaked(soak), ''] : [measured, ...tableOf({ plan, measurements }), '']
}

function tableOf({ plan, measurements }: Pick<Results, 'plan' | 'measurements'>): readonly string[] {
  const spoiled = measurements.filter(({ others }) => (others ?? 0) > 0.4).length
  const [head = [], ...rows] = cellsOf(compare(measurements))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    `${plan.rounds} rounds of ${plan.seconds} s each. In ${spoiled} of ${measurements.length} measurements other programs took more than 0.4 of a core.`,
    '',
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ]
}

function soaked({ perSecond, samples }: Soak): readonly string[] {
  const later = samples.filter(({ minute }) => minute > 5)
  const range = (values: readonly number[]) => `${Math.min(...values)}–${Math.max(...values)}`
  const failed = samples.flatMap(({ failures }) => Object.values(failures)).reduce((sum, count) => sum + count, 0)
  const requests = samples.reduce((sum, one) => sum + one.requests, 0)
  return [
    `A soak of ${Math.round(samples.at(-1)?.minute ?? 0)} minutes, webhooks and payments by turns, at 70 % of what was reached before`,
    `(${perSecond.sent.toFixed(0)} requests a second in the middle): ${requests.toLocaleString('en')} requests, ${failed} failed. After the first five`,
    `minutes ${range(later.map(({ memory }) => memory))} MB resident, ${range(later.map(({ handles }) => handles))} open files and sockets (64 of them the load's), p99 ${range(later.map(({ p99 }) => Math.round(p99)))} ms.`,
  ]
}
