import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { ipAddress } from '../ip-address.ts'

/** Why a value is wrong; the message reads on from the variable's name. Never holds the value, which may be secret. */
export class WrongValue extends Error {
  override readonly name = 'WrongValue'
}

/** A variable whose text is read by a function that throws {@link WrongValue}. */
export const read = <T>(readText: (text: string) => T) =>
  z.string().transform((text, context) => {
    try {
      return readText(text)
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error
      context.issues.push({ code: 'custom', message: error.message, input: undefined })
      return z.NEVER
    }
  })

/** A variable of any text. Blanks around it were cut off where it was found, and an empty one counts as not set. */
export const text = () => read((value) => value)

/** A whole number, both limits included. It takes digits only: no sign, no exponent, no fraction. */
export const integer = ({ from, to }: { from: number; to: number }) =>
  read((value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= from && number <= to)) throw new WrongValue(`must be a whole number from ${from} to ${to}`)
    return number
  })

/** A TCP port. To listen, 0 means any that is free. */
export const port = () => integer({ from: 0, to: 65_535 })

const milliseconds = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A time such as `30s`, `15m`, `1h` or `30d`, in milliseconds; undefined where the text is none. */
export function readDuration(value: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? []
  const factor = Object.entries(milliseconds).find(([name]) => name === unit)?.[1]
  return factor === undefined || Number(count) === 0 ? undefined : Number(count) * factor
}

/** A time such as `15m`, in milliseconds, both limits included. `0` is for none, and wrong without `orNone`. */
export const duration = ({ from, to, orNone = false }: { from?: string; to: string; orNone?: boolean }) =>
  read((value) => {
    const time = orNone && value === '0' ? 0 : readDuration(value)
    const least = from === undefined ? 0 : (readDuration(from) ?? 0)
    if (time === undefined || time < least || time > (readDuration(to) ?? 0)) {
      const examples = from === undefined ? '30s, 15m or 1h' : '90d'
      const range = from === undefined ? `at most ${to}` : `from ${from} to ${to}`
      throw new WrongValue(`must be a time such as ${examples}, ${range}`)
    }
    return time
  })

/** A time within limits of the library's, which counts milliseconds. */
export const durationWithin = ({ least, most }: { least: number; most: number }) =>
  duration({ ...(least > 1 && { from: written(least) }), to: written(most) })

const written = (time: number): string =>
  time % milliseconds.d === 0 ? `${time / milliseconds.d}d` : `${time / milliseconds.h}h`

const words: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, on: true, 1: true },
  ...{ false: false, no: false, off: false, 0: false },
}

/** A yes or no: true, yes, on, 1 or false, no, off, 0, in any case. */
export const flag = () =>
  read((value) => {
    const meant = words[value.toLowerCase()]
    if (meant === undefined) throw new WrongValue('must be true or false')
    return meant
  })

/** Whether a text means no, as far as it means anything. */
export const isOff = (value: string): boolean => words[value.toLowerCase()] === false

/** One of some words, in any case. Here they must be given in lower case, or nothing ever matches them. */
export const choice = <const Choices extends readonly string[]>(...choices: Choices) =>
  read((value): Choices[number] => {
    const found = choices.find((name) => name === value.toLowerCase())
    if (found === undefined) throw new WrongValue(`must be one of ${choices.join(', ')}`)
    return found
  })

const split = (value: string): string[] =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** A comma-separated list. A wrong entry is named by its place, for entries may be secret. */
export const list = <T>(readEntry: (entry: string) => T, { orNone = true }: { orNone?: boolean } = {}) =>
  read((value): readonly T[] => {
    const entries = split(value)
    if (entries.length === 0 && !orNone) throw new WrongValue('must hold at least one value')
    return entries.map((entry, index) => {
      try {
        return readEntry(entry)
      } catch (error) {
        if (error instanceof WrongValue && entries.length > 1) {
          throw new WrongValue(`${error.message} (entry ${index + 1} of ${entries.length})`)
        }
        throw error
      }
    })
  })

/** A comma-separated list of any texts, without the blanks around each. It may hold none. */
export const names = () => list((entry) => entry)

/** A URL of one of the protocols, which are given with their colons as in `https:`. It is kept just as it was written. */
export const url = (protocols: readonly string[]) =>
  read((value) => {
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
      throw new WrongValue(`must be a URL that begins with ${protocols.map((name) => `${name}//`).join(' or ')}`)
    }
    return value
  })

/** A scheme, a host and perhaps a port, without a path. */
export function readHost(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.href !== `${parsed.origin}/`) {
    throw new WrongValue('must look like https://host.example, without a path')
  }
  return parsed.origin
}

/** A server such as `10.0.0.1:6379`. */
export function readNode(value: string): { readonly host: string; readonly port: number } {
  const address = `redis://${value}`
  const parsed = URL.canParse(address) ? new URL(address) : undefined
  if (!parsed || parsed.port === '' || parsed.href !== address) {
    throw new WrongValue('must hold servers such as 10.0.0.1:6379')
  }
  // Brackets belong to IPv6 addresses in URLs only.
  return { host: parsed.hostname.replaceAll(/[[\]]/g, ''), port: Number(parsed.port) }
}

/** The origin of a web page, or `*` for all. */
export const readOrigin = (value: string): string => (value === '*' ? value : readHost(value))

/** An IP address, or a range such as `10.0.0.0/8`. */
export function readAddressRange(value: string): string {
  const [address = '', bits, ...rest] = value.split('/')
  const version = isIP(address)
  const most = version === 6 ? 128 : 32
  const fits = bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= most)
  if (version === 0 || !fits || rest.length > 0) {
    throw new WrongValue('must hold IP addresses or ranges such as 10.0.0.0/8')
  }
  if (version === 6 && isIP(ipAddress(address) ?? '') === 4) {
    throw new WrongValue('must hold IPv4 addresses as such, without ::ffff:')
  }
  // Says now what would otherwise be said at the first request.
  if (bits !== undefined) new BlockList().addSubnet(address, Number(bits), version === 6 ? 'ipv6' : 'ipv4')
  return value
}

/** A regular expression that the whole text must match. */
export const wholePattern = () =>
  read((value) => {
    try {
      return new RegExp(`^(?:${value})$`)
    } catch {
      throw new WrongValue('must be a regular expression')
    }
  })
