/** Why an event was not taken, in Florin's own words: they quote nothing of anybody's, so they may be logged. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
}

const REASON_LENGTH = 300

/**
 * What may be told of an error that a handler threw. Handlers are the host's own, and their errors may quote anything: an
 * address, a card. So only what names the error is told; its message is the host's to log.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof DeliveryError) return error.message.slice(0, REASON_LENGTH)
  if (!(error instanceof Error)) return 'a handler threw something that is no error'
  const name = isWord(error.name) ? error.name : 'Error'
  return 'code' in error && isWord(error.code) ? `${name} ${error.code}` : name
}

/** `ECONNREFUSED`, or PostgreSQL's `23505`; no address, and no number that could be a card's. */
const isWord = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:[A-Za-z]\w{0,59}|[0-9A-Z]{5})$/.test(value)
