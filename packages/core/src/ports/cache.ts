/**
 * Keeps texts for a short time. It may forget anything at any moment, and must never answer what was deleted or is
 * older than its time to live. Losing its store is a miss, never an error.
 */
export interface Cache {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string, timeToLiveMs: number): Promise<void>
  delete(keys: readonly string[]): Promise<void>
}
