// node bench/read-profile.ts <file.cpuprofile> [requests]: where a server's time went, by package and by function.
import { readFileSync } from 'node:fs'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const [file = '', requests] = process.argv.slice(2)
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile
const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
const functions = new Map<string, number>()
const packages = new Map<string, number>()
let busy = 0
for (const [index, id] of samples.entries()) {
  const { functionName = '', url = '', lineNumber = 0 } = frames.get(id) ?? {}
  const time = timeDeltas[index] ?? 0
  if (functionName === '(idle)') continue
  busy += time
  const place =
    url.match(/node_modules\/(?!\.pnpm)((?:@[^/]+\/)?[^/]+)/)?.[1] ??
    url.match(/packages\/([^/]+)/)?.[1] ??
    url.split('/')[0] ??
    ''
  const add = (sums: Map<string, number>, name: string) => sums.set(name, (sums.get(name) ?? 0) + time)
  add(packages, place || functionName)
  add(functions, `${functionName || '(anonymous)'} ${place} ${url.split('/').at(-1)}:${lineNumber + 1}`)
}
const unit = requests ? `µs a request, of ${(busy / Number(requests)).toFixed(0)}` : '%'
const shown = (time: number) => (requests ? (time / Number(requests)).toFixed(2) : ((time / busy) * 100).toFixed(1))
for (const [title, sums, most] of [
  ['package', packages, 25],
  ['function', functions, 70],
] as const) {
  console.log(`\nby ${title} (${unit})`)
  const sorted = [...sums].sort(([, a], [, b]) => b - a).slice(0, most)
  for (const [name, time] of sorted) console.log(`${shown(time).padStart(8)}  ${name}`)
}
