// A new statement costs Postgres more than parts that have nothing to do, and each is kept by every connection.
const MOST_IDLE_PARTS = 3
const MOST_MADE = 24

/** What was made for some parts. */
export interface Covering<Made> {
  readonly names: readonly string[]
  readonly made: Made
}

/**
 * Finds or makes the statement that has at least the parts of the given names. There are never more than a few, whatever
 * is asked for: once there are, null where none of them has all.
 */
export function covering<Made>() {
  const known: (Covering<Made> & { readonly has: ReadonlySet<string> })[] = []
  return (needed: readonly string[], make: () => Made): Covering<Made> | null => {
    const isFull = known.length >= MOST_MADE
    const most = isFull ? Number.POSITIVE_INFINITY : needed.length + MOST_IDLE_PARTS
    const found = known.find(({ names, has }) => names.length <= most && needed.every((name) => has.has(name)))
    if (found || isFull) return found ?? null
    const fresh = { names: [...needed], has: new Set(needed), made: make() }
    known.push(fresh)
    // So that the one with the fewest parts that have nothing to do is found first.
    known.sort((a, b) => a.names.length - b.names.length)
    return fresh
  }
}
