import type { Place } from './setting-sources.ts'

/** What a command has from the process that runs it. */
export interface Program extends Place {
  /** For people and for what they pipe on: standard output. */
  print(line: string): void
  /** For what goes wrong: standard error. */
  complain(line: string): void
  /** For a person who watches: takes the place of the line that it wrote before. Absent where nobody does. */
  redraw?(line: string): void
}

/** A command's flags as `parseArgs` of Node reads them, and what `--help` says of each. */
interface Flag {
  readonly type: 'string' | 'boolean'
  readonly about: string
  /** What stands for the value in `--help`. */
  readonly value?: string
  readonly multiple?: true
}

/** Flags as they were given. */
export interface GivenFlags {
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  isSet(name: string): boolean
}

export interface Command {
  readonly name: string
  readonly about: string
  /** What comes after the name, e.g. `up | down | status`. */
  readonly words?: readonly string[]
  /** What may come after that, e.g. `id`. */
  readonly operand?: string
  readonly flags: Readonly<Record<string, Flag>>
  /** Resolves when it is done, with the exit code. */
  run(program: Program, flags: GivenFlags, word: string | undefined, operand: string | undefined): Promise<number>
}
