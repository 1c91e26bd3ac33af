import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SandboxSnapshot } from '@florin/stripe-sandbox'
import { z } from 'zod'
import { CommandError, hasCode } from './command-error.ts'

/** Where sandbox mode keeps its state, so that a restart goes on where it was. */
export interface DevFolder {
  /** The embedded database's folder. */
  readonly database: string
  readSandbox(): SandboxSnapshot | undefined
  writeSandbox(snapshot: SandboxSnapshot): void
  /** Lets another process use the folder. */
  release(): void
}

const snapshotShape = z.object({
  version: z.literal(1),
  seed: z.string(),
  now: z.number(),
  counters: z.record(z.string(), z.number()),
  collections: z.record(z.string(), z.array(z.looseObject({ id: z.string() }))),
  tasks: z.array(z.object({ at: z.number(), kind: z.string(), id: z.string() })),
})

/** Where that is, of a program that runs in a folder. */
export const devFolderIn = (folder: string): string => join(folder, '.florin')

/**
 * Takes the folder for this process: two databases on one folder would ruin it.
 *
 * @throws CommandError when another process uses it
 */
export function openDevFolder(path: string, { fresh }: { readonly fresh: boolean }): DevFolder {
  const [lock, sandbox, database] = ['lock', 'sandbox.json', 'postgres'].map((name) => join(path, name)) as [
    string,
    string,
    string,
  ]
  mkdirSync(path, { recursive: true })
  takeLock(lock, path)
  // Only what is ours: the folder may hold more.
  if (fresh) for (const old of [sandbox, database]) rmSync(old, { recursive: true, force: true })
  writeFileSync(join(path, '.gitignore'), '*\n')
  return {
    database,
    readSandbox() {
      // Without its database a sandbox's state means nothing, and the other way round it is only incomplete.
      if (!existsSync(sandbox) || !existsSync(database)) return undefined
      try {
        return snapshotShape.parse(JSON.parse(readFileSync(sandbox, 'utf8')))
      } catch (cause) {
        throw new CommandError(`${sandbox} cannot be read: start over with --fresh`, { cause })
      }
    },
    writeSandbox(snapshot) {
      // Renamed when it is whole, so that a crash leaves the old state and not half of the new one.
      writeFileSync(`${sandbox}.new`, JSON.stringify(snapshot))
      renameSync(`${sandbox}.new`, sandbox)
    },
    release: () => rmSync(lock, { force: true }),
  }
}

function takeLock(lock: string, folder: string): void {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    const holder = Number(readFileSync(lock, 'utf8'))
    if (holder !== process.pid && isRunning(holder)) {
      throw new CommandError(`${folder} is in use by process ${holder}: stop it, or keep nothing with --memory`)
    }
    // Its process ended without cleaning up.
    writeFileSync(lock, String(process.pid))
  }
}

/** Whether sandbox mode keeps its state below this folder, and runs. */
export function sandboxIn(folder: string): 'runs' | 'ran' | undefined {
  const path = devFolderIn(folder)
  const lock = join(path, 'lock')
  if (existsSync(lock) && isRunning(Number(readFileSync(lock, 'utf8')))) return 'runs'
  return existsSync(path) ? 'ran' : undefined
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}
