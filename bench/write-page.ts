// node bench/write-page.ts results/<run>.json: puts the figures of a run into docs/performance.md, between its two marks.
// What stands around them is written by hand.
import { readFileSync, writeFileSync } from 'node:fs'
import { cellsOf, compare } from './compare.ts'
import type { Results } from './run.ts'
import { here } from './world.ts'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('name the results: node bench/write-page.ts <file>')
const { date, machine, versions, plan, measurements } = JSON.parse(readFileSync(file, 'utf8')) as Results

const spoiled = measurements.filter(({ others }) => (others ?? 0) > 0.4).length
const [head = [], ...rows] = cellsOf(compare(measurements))
const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const runs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
const figures = [
  `Measured ${date.slice(0, 16).replace('T', ' ')} UTC on ${machine}; ${runs.join('; ')}. ${plan.rounds} rounds of ${plan.seconds} s each.`,
  `In ${spoiled} of ${measurements.length} measurements other programs took more than 0.4 of a core.`,
  '',
  line(head),
  line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
  ...rows.map(line),
]
const page = here('../docs/performance.md')
const text = readFileSync(page, 'utf8')
const marked = /(<!-- figures -->)[\s\S]*(<!-- end -->)/
if (!marked.test(text)) throw new Error('docs/performance.md has lost its marks')
writeFileSync(
  page,
  text.replace(marked, (_, start: string, end: string) => [start, ...figures, end].join('\n')),
)
