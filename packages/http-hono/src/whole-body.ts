import { HttpError } from './http-error.ts'

/**
 * Waits for a body. One that its sender breaks off is the sender's doing, not a defect of ours: nobody should be woken
 * by it.
 *
 * @throws body_malformed (400)
 */
export async function wholeBody<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (cause) {
    throw cause instanceof HttpError
      ? cause
      : new HttpError('body_malformed', 'the body ended before it was whole', { cause })
  }
}
