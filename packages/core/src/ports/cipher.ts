/**
 * Encryption at rest.
 *
 * `place` is the table, column and row id that a value belongs to. It is authenticated with the value, so a ciphertext
 * that somebody moves to another row does not open. Text comes out as `v1.<key id>.<nonce>.<ciphertext and tag>`.
 */
export interface Cipher {
  sealText(plain: string, place: string): string | Promise<string>
  /** @throws `defect` when the value was altered, moved, or sealed with a key that is not in the ring */
  openText(sealed: string, place: string): string | Promise<string>
  /** Compresses, then encrypts: ciphertext does not compress. */
  sealBytes(plain: string, place: string): Uint8Array | Promise<Uint8Array>
  openBytes(sealed: Uint8Array, place: string): string | Promise<string>
  /** SHA-256 in hex. Tells two requests apart without keeping either. */
  digest(text: string): string | Promise<string>
}
