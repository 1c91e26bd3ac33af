import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findOnPath, isExecutable } from './service.ts'

const cache = join(import.meta.dirname, '../../node_modules/.cache')

/**
 * Downloads Debian's redis-server with the libraries that this machine lacks and unpacks them under node_modules, so
 * nothing on the system changes and later runs find it again.
 */
export function fetchRedis(): { file: string; libraries: string } {
  const folder = join(cache, 'redis-server')
  const file = join(folder, 'usr/bin/redis-server')
  if (!isExecutable(file)) {
    if (process.getuid?.() !== 0) throw new Error('fetching redis-server with apt-get needs root')
    if (!findOnPath('apt-get')) throw new Error('there is no apt-get to fetch redis-server with')
    console.error("redis-server is not installed: unpacking Debian's package under node_modules/.cache")
    unpack(folder)
  }
  return {
    file,
    libraries: globSync('usr/lib/*-linux-gnu*', { cwd: folder })
      .map((lib) => join(folder, lib))
      .join(':'),
  }
}

function unpack(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true })
  // Unpacked beside its final place and then renamed, so that an interrupted run leaves nothing half done.
  const partial = mkdtempSync(`${folder}-`)
  try {
    mkdirSync(join(partial, 'archives/partial'), { recursive: true })
    apt(['update'])
    const keep = ['--option', `Dir::Cache::archives=${join(partial, 'archives')}`]
    apt(['install', '--download-only', '--yes', '--no-install-recommends', ...keep, 'redis-server'])
    for (const archive of globSync('archives/*.deb', { cwd: partial })) {
      execFileSync('dpkg-deb', ['--extract', join(partial, archive), partial])
    }
    rmSync(join(partial, 'archives'), { recursive: true })
    rmSync(folder, { recursive: true, force: true })
    renameSync(partial, folder)
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

function apt(args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['--quiet', '--quiet', ...args], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 180_000,
  })
}
