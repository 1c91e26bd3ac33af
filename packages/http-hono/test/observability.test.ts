import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { backgroundWork } from '../src/cli/background-work.ts'
import { commands } from '../src/cli/commands.ts'
import { createLogger, createMetrics, metricsObserver } from '../src/index.ts'
import { openWorld } from './http-world.ts'
import { placeOrders } from './orders.ts'
import { openServedWorld } from './served-florin.ts'

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../../docs', name), 'utf8')

const alerts = z
  .object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.strictObject({
            alert: z.string().regex(/^Florin[A-Z]/),
            expr: z.string(),
            for: z
              .string()
              .regex(/^\d+m$/)
              .optional(),
            labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
            annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
          }),
        ),
      }),
    ),
  })
  .parse(parse(read('observability/alerts.yaml')))
  .groups.flatMap(({ rules }) => rules)

const panels = z
  .object({
    panels: z.array(
      z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })) }),
    ),
  })
  .parse(JSON.parse(read('observability/grafana-dashboard.json'))).panels

const targets = panels.flatMap(({ targets }) => targets)
const expressions = [...alerts.map(({ expr }) => expr), ...targets.map(({ expr }) => expr)]

const words =
  /\b(sum|by|rate|increase|max|topk|histogram_quantile|and|or|vector|time|le|up)\b|\[[^\]]*\]|"[^"]*"|\{[^}]*\}|\([a-z, ]+\)/g

/** The metrics that an expression names, each with the labels that it uses of it. */
function namedIn(expression: string): readonly { metric: string; labels: readonly string[] }[] {
  const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/, */))
  const matched = [...expression.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, name = '']) => name)
  const metrics = expression.replaceAll(words, ' ').match(/[a-z_][a-z0-9_]{4,}/g) ?? []
  // `job` stands for the scrape job where the metric is Prometheus's own.
  return metrics.map((metric) => ({ metric, labels: [...grouped, ...matched].filter((name) => name !== 'le') }))
}

/** The left side of a comparison and the right side, of a rule whose words have the values that are given. */
function sidesOf(expression: string, values: Readonly<Record<string, number>>): readonly number[] {
  const sides = expression.replaceAll(/max by \(work\)|[()]/g, '').split('>')
  const numberOf = (word: string) => values[word] ?? Number(word)
  const product = (text: string) => text.split('*').reduce((all, one) => all * numberOf(one.trim()), 1)
  const difference = (text: string) => {
    const [first = 0, ...rest] = text.split(' - ').map(product)
    return rest.reduce((all, one) => all - one, first)
  }
  return sides.map((side) => side.split('+').reduce((all, one) => all + difference(one), 0))
}

test('the alert rules and the dashboard name only metrics and labels that the server really exports', {
  timeout: 120_000,
}, async () => {
  const world = await openServedWorld()
  const server = await world.serve()
  world.deliverTo(async (url, body, headers) => {
    const { status } = await fetch(`${server.url}${new URL(url).pathname}`, {
      method: 'POST',
      body,
      headers: { ...headers },
    })
    return { status }
  })
  const orders = placeOrders(server.url, world.token)
  await expect.poll(() => orders.paid.length, { timeout: 30_000 }).toBeGreaterThan(2)
  await orders.finish()
  await world.sandbox.webhooks.settled()
  await world.pool.query(
    "insert into operations select 'operation_stuck', 1, now() - interval '1 hour', now(), 'c', 'k', 'open', '{}'",
  )
  const scrape = async () => (await fetch(`${server.url}/metrics`)).text()
  // Read at most every five seconds, however often it is scraped.
  await expect.poll(scrape, { timeout: 20_000 }).toMatch(/^operations_oldest_open_seconds 36\d\d/m)
  const text = await scrape()

  const exported = new Set(
    [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].flatMap(([, name = '', kind]) =>
      kind === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
  const labelsOf = new Map<string, Set<string>>()
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
    const known = labelsOf.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    labelsOf.set(name, known)
  }
  const used = expressions.flatMap(namedIn)
  expect(used.length).toBeGreaterThan(35)
  expect(used.filter(({ metric }) => !exported.has(metric))).toStrictEqual([])
  const wrong = used.filter(({ metric, labels }) => labels.some((label) => labelsOf.get(metric)?.has(label) === false))
  expect(wrong).toStrictEqual([])
  for (const name of theDesign) expect(exported, name).toContain(name)
  expect(text).not.toMatch(/user_\d|tx_|pi_|evt_/)
  // Prometheus has these names for what it scrapes, and puts its own in the place of ours.
  expect([...labelsOf].filter(([, labels]) => labels.has('job') || labels.has('instance'))).toStrictEqual([])
})

test('what an alert waits for to increase is exported as 0 before it happens: a series that begins at one shows none', async () => {
  const metrics = createMetrics()
  const { florin } = await openWorld({ app: { metrics }, observer: metricsObserver(metrics) })
  backgroundWork(florin, createLogger({ level: 'silent' }), [], { metrics })
  const text = await metrics.text()
  const awaited = alerts.flatMap(({ expr }) => [...expr.matchAll(/increase\((\w+)(?:\{(\w+="[^"]*")\})?\[/g)])
  expect(awaited.length).toBeGreaterThan(4)
  for (const [, metric, label = ''] of awaited) {
    expect(text).toMatch(new RegExp(`^${metric}(\\{([^}]*,)?${label}[^}]*\\})? 0$`, 'm'))
  }
})

test('work that fails each time is told of, also where it runs every hour; what is done each time is not', async () => {
  const [rule] = alerts.filter(({ alert }) => alert === 'FlorinBackgroundWorkFails')
  const metrics = createMetrics()
  const { florin } = await openWorld({ app: { metrics }, observer: metricsObserver(metrics) })
  const began = Date.now() / 1000
  backgroundWork(florin, createLogger({ level: 'silent' }), [], { metrics })
  const text = await metrics.text()
  const told = (name: string) =>
    new Map(
      [...text.matchAll(new RegExp(`^${name}{work="([^"]*)"} (\\S+)$`, 'gm'))].map((one) => [one[1], Number(one[2])]),
    )
  const [periods, lastDone] = [told('background_period_seconds'), told('background_last_done_timestamp_seconds')]
  expect([periods.get('prune'), periods.get('dispatch events'), periods.size]).toEqual([3600, 1, lastDone.size])
  for (const [work, period] of periods) {
    const done = lastDone.get(work) ?? 0
    expect(done).toBeGreaterThanOrEqual(began)
    const firesAfter = (seconds: number) => {
      const named = { background_last_done_timestamp_seconds: done, background_period_seconds: period }
      const [left = 0, right = 0] = sidesOf(rule?.expr ?? '', { ...named, time: done + seconds })
      return left > right
    }
    // A pause is a fifth longer at most; a run that finds much to do takes its time.
    expect([firesAfter(2.4 * period + 240), firesAfter(4 * period + 301)], work).toEqual([false, true])
  }
})

const theDesign = [
  ...['http_requests_total', 'http_request_duration_seconds', 'payment_transactions_total', 'payment_errors_total'],
  ...['webhook_events_total', 'webhook_event_delay_seconds', 'gateway_calls_total', 'gateway_call_duration_seconds'],
  ...[
    'operations_open',
    'operations_oldest_open_seconds',
    'domain_events_pending',
    'domain_events_oldest_pending_seconds',
  ],
  ...['rate_limited_requests_total', 'postgres_pool_connections', 'florin_drift_total', 'background_runs_total'],
  ...['process_cpu_user_seconds_total', 'nodejs_eventloop_lag_seconds'],
]

test('what is shown in a legend is a label of the expression', () => {
  for (const { expr, legendFormat } of targets) {
    for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
      expect(expr).toMatch(new RegExp(`by \\([^)]*${label}`))
  }
})

test('every alert leads to what to do about it', () => {
  const anchors = new Set([...read('operations.md').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchorOf(title)))
  for (const { alert, annotations } of alerts) {
    const [page, anchor = ''] = annotations.runbook.split('#')
    expect(page).toBe('docs/operations.md')
    expect(anchors, alert).toContain(anchor)
  }
})

const anchorOf = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')

test('the page of operations has every command and every word of it', () => {
  const page = read('operations.md')
  for (const { name, words = [] } of commands) {
    const line = page.split('\n').find((row) => row.startsWith(`| \`florin ${name}`)) ?? ''
    for (const word of [name, ...(name === 'keys' || name === 'audit' ? [] : words)]) expect(line).toContain(word)
  }
})
