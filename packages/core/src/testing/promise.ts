/** One thing that every adapter of a port must keep. Each check makes its own rows, so that all run on one store. */
export interface Promised<Port> {
  /** Present tense, behaviour and condition; reads on from the adapter's name. */
  readonly it: string
  check(port: Port): Promise<void>
}

/** A promise that an adapter does not keep, and why. The reason stands in the title of the skipped test. */
export interface Skip {
  readonly it: string
  readonly because: string
}
