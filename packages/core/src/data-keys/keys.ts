import type { KeysRotated, RotateKeys } from './rotate-keys.ts'
import type { KeysVerified, VerifyKeys } from './verify-keys.ts'

/** The keys that everything private is sealed under. For whoever holds the ring: no actor is asked for. */
export interface Keys {
  /**
   * Wraps all data keys under the current key of the cipher's ring, so that its retired keys can be thrown away. Every
   * server must have the new key as its current one before. No value is sealed again; safe beside running servers. May
   * be broken off and started again at any time: what is done stays done. Keys that do not open, and those under a key
   * that the ring lacks, are named in the answer.
   *
   * @throws `unavailable` storage_unavailable, overloaded: servers still wrap under a retired key
   */
  rotate(options?: RotateKeys): Promise<KeysRotated>
  /**
   * Opens every data key, and values under them (with `full` each one, else those of the newest rows), and names what
   * does not open: after a ring key was lost or a backup restored, and before a retired key is thrown away. Changes
   * nothing.
   *
   * @throws `unavailable` storage_unavailable
   */
  verify(options?: VerifyKeys): Promise<KeysVerified>
}
