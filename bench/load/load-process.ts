// The process that sends: apart from the servers, so that what it costs is not counted as theirs.
import { percentile } from '../statistics.ts'
import { openConnection } from './connection.ts'
import type { LoadMessage, LoadOrder, LoadResult } from './load.ts'

const tell = (message: LoadMessage): void => void process.send?.(message)

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (result) => tell({ done: result }),
    (error: unknown) => tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})

async function run({ module, parameters, ports, connections, count, repeat, perSecond, ...times }: LoadOrder) {
  const { warmUpMs, measureMs } = times
  const { makeRequests } = (await import(module)) as { makeRequests: MakeRequests }
  const requests = await makeRequests(parameters, count)
  let resolve: (result: LoadResult) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<LoadResult>((...settle) => {
    ;[resolve, reject] = settle
  })
  let next = 0
  let sentInAll = 0
  let inFlight = 0
  let phase: 'warming' | 'measuring' | 'ending' = 'warming'
  let started = 0
  let began = 0
  const latencies = new Float64Array(2_000_000)
  let answers = 0
  const failures = new Map<number, number>()

  const connectionsOpen = await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      let sent = 0
      const connection = await openConnection(
        ports[index % ports.length] ?? 0,
        (status) => {
          inFlight -= 1
          const now = performance.now()
          if (status < 200 || status > 299) failures.set(status, (failures.get(status) ?? 0) + 1)
          if (phase === 'measuring') {
            latencies[answers] = now - sent
            answers += 1
            if (now - began >= measureMs || answers === latencies.length) end(now)
          }
          go()
        },
        (error) => reject(error),
      )
      const go = () => {
        if (phase === 'ending') return
        const early = perSecond === undefined ? 0 : started + (sentInAll * 1000) / perSecond - performance.now()
        if (early > 1) {
          setTimeout(go, early)
          return
        }
        const request = requests[next]
        if (!request) {
          // All were sent: the window ends here, with what came until now.
          if (phase === 'measuring') end(performance.now())
          else if (inFlight === 0) reject(new Error('the requests did not last for the warm-up'))
          return
        }
        next = repeat && next + 1 === requests.length ? 0 : next + 1
        inFlight += 1
        sentInAll += 1
        sent = performance.now()
        connection.send(request)
      }
      return { go, close: connection.close }
    }),
  )

  function end(now: number): void {
    if (phase === 'ending') return
    phase = 'ending'
    tell({ ended: true })
    const sorted = latencies.subarray(0, answers).sort()
    resolve({
      requests: answers,
      sent: sentInAll,
      milliseconds: now - began,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      failures: Object.fromEntries(failures),
    })
  }

  started = performance.now()
  for (const { go } of connectionsOpen) go()
  setTimeout(() => {
    phase = 'measuring'
    began = performance.now()
    tell({ began: true })
  }, warmUpMs)
  const result = await promise
  // What is still in flight is answered before the tables are emptied.
  const deadline = performance.now() + 10_000
  while (inFlight > 0 && performance.now() < deadline) await new Promise((resume) => setTimeout(resume, 5))
  for (const { close } of connectionsOpen) close()
  return result
}

export type MakeRequests = (
  parameters: Readonly<Record<string, unknown>>,
  count: number,
) => Promise<readonly Buffer[]> | readonly Buffer[]
