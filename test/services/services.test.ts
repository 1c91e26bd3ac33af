import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { accountWithoutRoot } from './account.ts'
import { startChild } from './child.ts'
import { embeddedPostgres, postgresContainer } from './postgres.ts'
import { startRedis } from './redis.ts'
import { firstOf, given } from './service.ts'

let temporary: string

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'florin-services-test-'))
  vi.stubEnv('TEST_DATABASE_URL', '')
  vi.stubEnv('TEST_REDIS_URL', '')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(temporary, { recursive: true, force: true })
})

const isOpen = (url: string) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection(Number(new URL(url).port), '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

describe('sources', () => {
  test('a given URL is used as it is and never stopped', async () => {
    vi.stubEnv('TEST_REDIS_URL', 'redis://127.0.0.1:1')
    const redis = await startRedis()
    expect(redis.url).toBe('redis://127.0.0.1:1')
    await redis.stop()
  })

  test('without any source one line says what to install and what was tried', async () => {
    const nothing = async () => ({ unavailable: 'no Docker engine answers' })
    const start = firstOf([given('TEST_REDIS_URL'), nothing], {}, 'No Redis: install redis-server')
    await expect(start).rejects.toThrow(
      /^No Redis: install redis-server \(tried: TEST_REDIS_URL is not set; no Docker engine answers\)$/,
    )
  })

  test('a container is published on loopback only, waited for and removed', async () => {
    const calls = join(temporary, 'calls')
    const docker = `#!/bin/sh
echo "$*" >> ${calls}
case $1 in
  version) echo 27.0 ;;
  run) echo container-1 ;;
  port) echo 127.0.0.1:54321 ;;
  exec) test "$(grep -c ^exec ${calls})" -ge 3 ;;
esac
`
    writeFileSync(join(temporary, 'docker'), docker, { mode: 0o755 })
    vi.stubEnv('PATH', `${temporary}:${process.env.PATH}`)
    const postgres = await postgresContainer({ durable: true })
    if (!('url' in postgres)) throw new Error(postgres.unavailable)
    expect(postgres.url).toMatch(/^postgres:\/\/postgres:[0-9a-f]{32}@127\.0\.0\.1:54321\/florin_test$/)
    await postgres.stop()
    const lines = readFileSync(calls, 'utf8').trim().split('\n')
    expect(lines[1]).toMatch(/^run --detach --rm --publish 127\.0\.0\.1::5432 .* postgres:15 -c max_connections=200$/)
    expect(lines.filter((line) => line.startsWith('exec container-1 pg_isready'))).toHaveLength(3)
    expect(lines.at(-1)).toBe('rm --force --volumes container-1')
  })

  test('the Postgres from the npm package starts, answers and leaves nothing behind', async () => {
    // A folder of its own: others start servers in the shared one at any moment.
    chmodSync(temporary, 0o755)
    vi.stubEnv('TMPDIR', temporary)
    const postgres = await embeddedPostgres({})
    if (!('url' in postgres)) throw new Error(postgres.unavailable)
    expect(await isOpen(postgres.url)).toBe(true)
    await postgres.stop()
    expect(await isOpen(postgres.url)).toBe(false)
    expect(readdirSync(temporary)).toEqual([])
  })
})

describe('a started server', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('is gone with its folder after %s', async (signal) => {
    const env = { ...process.env, TMPDIR: temporary }
    // The private folder above must let the account of Postgres through.
    const script = join(import.meta.dirname, 'interrupted.ts')
    const child = spawn('/bin/sh', ['-c', `chmod 755 "$TMPDIR" && exec "${process.execPath}" "${script}"`], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    child.kill(signal)
    await once(child, 'exit')
    expect(readdirSync(temporary)).toEqual([])
    expect(await isOpen(line.toString().trim())).toBe(false)
  })

  test('that exits at start is an error with its last words', async () => {
    const args = ['-e', 'console.error("Address already in use"); process.exit(3)']
    const signals = { stopSignal: 'SIGTERM', killSignal: 'SIGKILL' } as const
    const start = startChild({ file: process.execPath, args, ready: 'listening', ...signals })
    await expect(start).rejects.toThrow(/exited at start \(3\)\nAddress already in use/)
  })

  test('runs as another account when we are root', () => {
    const account = accountWithoutRoot()
    expect(account === undefined).toBe(process.getuid?.() !== 0)
    expect(account?.uid).not.toBe(0)
  })
})
