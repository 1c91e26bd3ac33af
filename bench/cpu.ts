import { readdirSync, readFileSync } from 'node:fs'

// What Linux counts processor time in, on every machine that this runs on.
const TICK_MICROSECONDS = 10_000

/** Processor time so far, in microseconds; null where the machine does not tell it as Linux does. */
export interface Cpu {
  readonly server: number
  /** All processes of PostgreSQL's. */
  readonly postgres: number
  /** Of everything that runs on the machine. */
  readonly machine: number
  /** Of everything that the benchmark started, itself included. */
  readonly ours: number
}

interface Process {
  readonly parent: number
  readonly microseconds: number
}

/** Reads how much processor time has gone by until now, that of descendants included. */
export function readCpu(servers: readonly number[], postmaster: number): Cpu | null {
  try {
    const processes = new Map(
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .flatMap((name) => {
          const found = readProcess(name)
          return found ? [[Number(name), found] as const] : []
        }),
    )
    const family = (root: number): number =>
      (processes.get(root)?.microseconds ?? 0) +
      [...processes].filter(([, { parent }]) => parent === root).reduce((sum, [pid]) => sum + family(pid), 0)
    return {
      server: servers.reduce((sum, pid) => sum + family(pid), 0),
      postgres: family(postmaster),
      machine: readMachine(),
      // Servers are children of this process, so they are in its family; a server that was given by URL is not.
      ours: family(process.pid),
    }
  } catch {
    return null
  }
}

function readProcess(pid: string): Process | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in brackets, may hold blanks.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number)
    return { parent: Number(fields[1]), microseconds: (user + system + childUser + childSystem) * TICK_MICROSECONDS }
  } catch {
    return undefined // it has just ended
  }
}

function readMachine(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = line.split(/\s+/).slice(1).map(Number)
  return (user + nice + system + irq + softIrq) * TICK_MICROSECONDS
}

/** The process that started another one. */
export const parentOf = (pid: number): number | undefined => readProcess(String(pid))?.parent
