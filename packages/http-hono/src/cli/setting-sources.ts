import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { closest } from './closest.ts'
import { type VariableName, variableNames } from './variables.ts'

/** A setting as somebody wrote it. */
interface Given {
  readonly value: string
  /** Where it stands: `the environment`, `.env`, or the name of the YAML file. */
  readonly from: string
}

export type Settings = Readonly<Partial<Record<VariableName, Given>>>

/** Something wrong with the configuration: the variable or file, and a sentence that reads on from it. */
export interface Problem {
  readonly name: string
  readonly message: string
}

export interface Place {
  /** The environment, e.g. `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The folder of `.env` and `config.yaml`. */
  readonly folder: string
  /** What was given on the command line; stands above everything. */
  readonly flags?: Readonly<Partial<Record<VariableName, string | undefined>>>
}

/** Gathers the settings: the environment stands above `.env`, and that above the YAML file. Blank means not set. */
export function gatherSettings({ environment, folder, flags = {} }: Place): {
  settings: Settings
  problems: readonly Problem[]
} {
  const settings: Partial<Record<VariableName, Given>> = {}
  const add = (values: Readonly<Record<string, string | undefined>>, from: string): void => {
    for (const name of variableNames) {
      const value = values[name]?.trim()
      if (value) settings[name] ??= { value, from }
    }
  }
  add(flags, 'the command line')
  add(environment, 'the environment')
  const dotenv = join(folder, '.env')
  if (existsSync(dotenv)) add(parseEnv(readFileSync(dotenv, 'utf8')), '.env')

  const file = settings.CONFIG_FILE?.value ?? 'config.yaml'
  const path = join(folder, file)
  // join() would put an absolute path below the folder.
  const found = [file, path].find(
    (candidate) => (candidate === path || candidate.startsWith('/')) && existsSync(candidate),
  )
  if (found === undefined) {
    const problem = { name: 'CONFIG_FILE', message: `names ${file}, which does not exist` }
    return { settings, problems: settings.CONFIG_FILE ? [problem] : [] }
  }
  const { values, problems } = readYaml(readFileSync(found, 'utf8'), file)
  add(values, file)
  return { settings, problems }
}

/** Reads `SERVER_PORT: 9097`, or the same written as `server: { port: 9097 }`. Lists may be written as lists. */
function readYaml(text: string, file: string): { values: Record<string, string>; problems: Problem[] } {
  const values: Record<string, string> = {}
  const problems: Problem[] = []
  const lines = new LineCounter()
  // With this schema every value stays the text that was written: a key of 32 digits is no number. Errors are not made
  // pretty, for then they would quote the line, which may hold a secret.
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false, lineCounter: lines })
  for (const { message, pos } of document.errors) {
    problems.push({ name: file, message: `is not valid YAML in line ${lines.linePos(pos[0]).line}: ${message}` })
  }
  const visit = (node: unknown, path: readonly string[]): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) visit(value, [...path, isScalar(key) ? String(key.value) : '?'])
      return
    }
    const name = path.join('_').replaceAll('-', '_').toUpperCase()
    if (path.length === 0) {
      problems.push({ name: file, message: 'holds no settings; write them as NAME: value' })
    } else if (isEmpty(node) && variableNames.some((known) => known.startsWith(`${name}_`))) {
      // A heading with nothing below it.
    } else if (!variableNames.some((known) => known === name)) {
      const nearest = closest(name, variableNames)
      const hint = nearest ? `; is ${nearest} meant?` : ''
      problems.push({ name: path.join('.'), message: `is no setting (${file})${hint}` })
    } else if (name in values) {
      problems.push({ name, message: `is set twice (${file})` })
    } else if (isSeq(node)) {
      values[name] = node.items.map((item) => (isScalar(item) ? String(item.value) : '?')).join(',')
    } else {
      values[name] = isScalar(node) && !isEmpty(node) ? String(node.value) : ''
    }
  }
  if (problems.length === 0 && document.contents !== null) visit(document.contents, [])
  return { values, problems }
}

const isEmpty = (node: unknown): boolean =>
  node === null || (isScalar(node) && (node.value === null || node.value === ''))
