/**
 * Who asks for a call. `interactive`: a caller waits for the answer. `recovery`: an operation was left open.
 * `background`: reading again, importing, catching up, looking for drift.
 */
export type CallShare = 'interactive' | 'recovery' | 'background'

/** A call that somebody wants to send. */
export interface WantedCall {
  /** One named operation of the gateway's, e.g. `payment.create` or `payment.read`, whatever the object's id. */
  readonly endpoint: string
  readonly share: CallShare
  /** Where it would have to wait longer than this, no place is taken. Absent: it waits for as long as it takes. */
  readonly atMostMs?: number
}

/** A place in the line of those who want to call. */
export interface CallPlace {
  readonly granted: boolean
  /** How long to wait before sending; where no place was taken, how long it would have been. */
  readonly waitMs: number
}

/**
 * Keeps calls under the gateway's limits: so many a second on any one endpoint, so many in all. Each share has its part
 * of both for itself; what it leaves unused nobody else gets, so that no import can make a caller wait.
 *
 * `take` answers at once, with the place in line, and never rejects: a budget that cannot reach its store counts in
 * memory, with this process's part of the rates. Of one share and endpoint, whoever takes first goes first. A place that
 * is not used is lost, which only costs time.
 */
export interface CallBudget {
  take(wanted: WantedCall): Promise<CallPlace>
  /** The gateway turned a call away for being one too many: nobody sends to that endpoint, or to any, for a second. */
  slowDown(endpoint: string | null): Promise<void>
}

/** What the gateway allows in a second. Floats where processes share it out among themselves. */
export interface CallRates {
  readonly perSecond: number
  readonly perEndpointPerSecond: number
}

/** At most so many calls in any time of that length. */
export interface Pace {
  readonly most: number
  readonly withinMs: number
}

const parts: Readonly<Record<CallShare, number>> = { interactive: 0.7, recovery: 0.15, background: 0.15 }

/** Lists are read where nobody waits, so there the background has the part that callers have elsewhere. */
const partsOfLists: typeof parts = { ...parts, interactive: parts.background, background: parts.interactive }

/** What a call has to keep to: the paces of its share on its endpoint, and those of its share in all. */
export function pacesOf({ perSecond, perEndpointPerSecond }: CallRates, { endpoint, share }: WantedCall) {
  const ofEndpoint = endpoint.endsWith('.list') ? partsOfLists : parts
  return { endpoint: paces(perEndpointPerSecond * ofEndpoint[share]), account: paces(perSecond * parts[share]) }
}

/**
 * A quarter of a second's calls may go at once and no more, so that calls which arrive a little late do not meet the next
 * ones in the second that the gateway counts.
 */
function paces(rate: number): readonly Pace[] {
  if (rate < 1) return [{ most: 1, withinMs: Math.ceil(1000 / rate) }]
  const most = Math.floor(rate)
  return [
    { most, withinMs: 1000 },
    { most: Math.ceil(most / 4), withinMs: 250 },
  ]
}

/** How long nobody sends where the gateway said that it was too much. */
export const SLOW_DOWN_MS = 1000

/** @throws RangeError when a rate is not positive */
export function checkRates({ perSecond, perEndpointPerSecond }: CallRates): void {
  for (const [name, value] of Object.entries({ perSecond, perEndpointPerSecond })) {
    if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`${name} must be a positive number`)
  }
}
