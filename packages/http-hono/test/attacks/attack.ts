import type { AttackWorld, Reply } from './attack-world.ts'

/** One thing that somebody tries, and what has to come of it. */
export interface Attack {
  readonly name: string
  readonly reply: (world: AttackWorld) => Promise<Reply>
  readonly status: number
  /** The problem's code; absent where the answer is no problem. */
  readonly code?: string
  /** The sender's own text, which an answer may repeat: it is taken out before what leaked is looked for. */
  readonly sent?: string
  /** What else must hold. */
  readonly check?: (reply: Reply) => void
}

export interface AttackGroup {
  readonly name: string
  readonly attacks: readonly Attack[]
}
