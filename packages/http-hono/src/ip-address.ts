import { isIP } from 'node:net'

/**
 * An IP address in the one way in which it is compared: IPv6 written short, an IPv4 address in the clothes of IPv6
 * (`::ffff:192.0.2.1`) as what it is, without zone, brackets or port. Undefined where the text holds no address.
 */
export function ipAddress(text: string): string | undefined {
  // By far the most are written like this.
  if (isIP(text) === 4) return text
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^([\d.]+):\d+$/, '$1')
    .replace(/%.*$/, '')
  const version = isIP(bare)
  if (version !== 6) return version === 4 ? bare : undefined
  const groups = groupsOf(bare)
  const mapped = groups.slice(0, 6).join() === '0,0,0,0,0,65535'
  return mapped
    ? groups
        .slice(6)
        .flatMap((group) => [group >> 8, group & 255])
        .join('.')
    : shortest(bare)
}

/**
 * What one client is counted as: its IPv4 address, or the /64 that an IPv6 address lies in, since whoever has one address
 * of it has all 2^64. Anything else is left as it is.
 */
export function networkOf(address: string): string {
  const known = ipAddress(address)
  if (known === undefined) return address
  if (isIP(known) === 4) return known
  return `${groupsOf(known)
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

// The platform's own reading of URLs knows every way to write an address.
const shortest = (address: string): string => new URL(`http://[${address}]/`).hostname.slice(1, -1)

function groupsOf(address: string): readonly number[] {
  const [head = [], tail = []] = shortest(address)
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))))
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
}
