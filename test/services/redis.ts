import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, startChild } from './child.ts'
import { startContainer } from './container.ts'
import { freePort } from './port.ts'
import { fetchRedis } from './redis-package.ts'
import { findOnPath, firstLine, firstOf, given, type Service, type Source } from './service.ts'

/** Starts a private Redis, or uses the one of TEST_REDIS_URL. */
export function startRedis(): Promise<Service> {
  return firstOf(
    [given('TEST_REDIS_URL'), redisContainer, installedRedis, packagedRedis],
    undefined,
    'No Redis for the tests: set TEST_REDIS_URL, start Docker, or install Redis 7 or newer ' +
      '(Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)',
  )
}

const redisContainer: Source<unknown> = async () => {
  const password = randomBytes(16).toString('hex')
  return startContainer({
    image: 'redis:7',
    port: 6379,
    run: ['--env', `REDISCLI_AUTH=${password}`],
    command: ['redis-server', '--requirepass', password, '--save', '', '--appendonly', 'no'],
    probe: ['redis-cli', '-e', 'ping'],
    url: (port) => `redis://:${password}@127.0.0.1:${port}`,
  })
}

const installed = () => findOnPath('redis-server') ?? findOnPath('valkey-server')

const installedRedis: Source<unknown> = async () => {
  const file = installed()
  return file ? startFrom({ file }) : { unavailable: 'no redis-server or valkey-server is installed' }
}

/** Last resort on a bare Debian as root, such as a container in CI: Debian's own package, unpacked, not installed. */
const packagedRedis: Source<unknown> = async () => {
  try {
    return await startFrom(packaged())
  } catch (error) {
    return { unavailable: firstLine(error) }
  }
}

interface Program {
  readonly file: string
  readonly env?: NodeJS.ProcessEnv
}

function packaged(): Program {
  const { file, libraries } = fetchRedis()
  return { file, env: { ...process.env, LD_LIBRARY_PATH: libraries } }
}

/** Starts a Redis as a program of this machine, never a given one, with more lines in its configuration. */
export function startRedisProgram(settings: readonly string[]): Promise<Service> {
  const file = installed()
  return startFrom(file ? { file } : packaged(), settings)
}

async function startFrom({ file, env = process.env }: Program, settings: readonly string[] = []): Promise<Service> {
  const folder = makeFolder('redis', undefined)
  const password = randomBytes(16).toString('hex')
  const config = join(folder.path, 'redis.conf')
  try {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort()
      const own = [`port ${port}`, 'bind 127.0.0.1', `requirepass ${password}`, `dir ${folder.path}`, 'save ""']
      const lines = [...own, ...settings]
      writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 })
      try {
        const server = await startChild({
          file,
          args: [config],
          env,
          ready: 'Ready to accept connections',
          stopSignal: 'SIGTERM',
          killSignal: 'SIGKILL',
        })
        return {
          url: `redis://:${password}@127.0.0.1:${port}`,
          async stop() {
            await server.stop()
            folder.remove()
          },
        }
      } catch (error) {
        if (attempt === 3 || !String(error).includes('already in use')) throw error
      }
    }
  } catch (error) {
    folder.remove()
    throw error
  }
}
