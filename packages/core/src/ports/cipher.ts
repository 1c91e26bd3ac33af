export type MaybePromise<T> = T | Promise<T>

/**
 * Seals and opens values under one data key.
 *
 * `place` is the table, column and row id that a value belongs to. It is authenticated with the value, so a ciphertext
 * that somebody moves to another row does not open. Text comes out as `v1.<key id>.<nonce>.<ciphertext and tag>`.
 */
export interface DataKey {
  readonly id: string
  sealText(plain: string, place: string): MaybePromise<string>
  /** @throws `defect` when the value was altered, moved, or sealed under another key */
  openText(sealed: string, place: string): MaybePromise<string>
  /** Compresses, then encrypts: ciphertext does not compress. */
  sealBytes(plain: string, place: string): MaybePromise<Uint8Array>
  /** @throws `defect` as {@link DataKey.openText} */
  openBytes(sealed: Uint8Array, place: string): MaybePromise<string>
}

/**
 * Encryption at rest, in two layers: values are sealed under data keys, and data keys are stored wrapped under a key of
 * the ring. So ring keys can be changed without touching a value, and a value is lost for good with its data key.
 */
export interface Cipher {
  /** The id of the ring key that wraps new data keys. */
  readonly wrapsWith: string
  /** The ids of the ring keys that only open what they wrapped. */
  readonly retired: readonly string[]
  /** Makes a data key at random. `wrapped` is the only form of it that may leave the process. */
  makeKey(id: string): MaybePromise<{ readonly key: DataKey; readonly wrapped: string }>
  /** @throws `defect` when it was altered, is another row's, or was wrapped under a key that is not in the ring */
  openKey(id: string, wrapped: string): MaybePromise<DataKey>
  /** Wraps a data key anew, under the ring key that wraps now. @throws `defect` as {@link Cipher.openKey} */
  wrapAgain(id: string, wrapped: string): MaybePromise<string>
  /** SHA-256 in hex. Tells two requests apart without keeping either. */
  digest(text: string): MaybePromise<string>
}
