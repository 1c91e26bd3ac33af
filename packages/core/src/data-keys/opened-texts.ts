/** Half of what is kept: the younger half. */
const MOST_YOUNG = 8192

/** A sealed text that is longer is deciphered each time: a kilobyte in clear. Much of it would take much memory. */
const LONGEST = 1500

const YOUNG_MS = 60_000

/** The cell that a text was sealed for. Two cells never have the same sealed text, unless somebody copied it. */
export interface Cell {
  readonly table: string
  readonly column: string
  readonly id: string
}

/**
 * What sealed texts opened to in this process lately, so that a row that is read again is not deciphered again. A sealed
 * text never opens to anything else, so nothing here can be out of date. Whoever asks has found that the key may still be
 * used.
 */
export interface OpenedTexts {
  /** Undefined where it is not known, and for any cell but the one that it was opened for. */
  find(sealed: string, cell: Cell): string | undefined
  keep(sealed: string, cell: Cell, plain: string): void
  /** Lets go of what nobody has asked for in the minute before the last one. */
  age(now: number): void
}

interface Opened extends Cell {
  readonly plain: string
}

/** Remembers nothing yet. */
export function openedTexts(): OpenedTexts {
  let young = new Map<string, Opened>()
  let old = new Map<string, Opened>()
  let since = 0

  const turn = (): void => {
    old = young
    young = new Map()
  }
  const add = (sealed: string, opened: Opened): void => {
    if (young.size >= MOST_YOUNG) turn()
    young.set(sealed, opened)
  }
  const known = (sealed: string): Opened | undefined => {
    const found = young.get(sealed)
    if (found !== undefined) return found
    const older = old.get(sealed)
    if (older !== undefined) add(sealed, older)
    return older
  }
  return {
    find(sealed, { table, column, id }) {
      const opened = known(sealed)
      if (opened === undefined || opened.id !== id || opened.column !== column || opened.table !== table)
        return undefined
      return opened.plain
    },
    keep(sealed, { table, column, id }, plain) {
      if (sealed.length <= LONGEST) add(sealed, { table, column, id, plain })
    },
    age(now) {
      if (now - since < YOUNG_MS) return
      turn()
      since = now
    },
  }
}
