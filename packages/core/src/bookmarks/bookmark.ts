import type { Json } from '../json.ts'
import type { Timestamp } from '../time.ts'

/**
 * A row of `bookmarks`: how far something has come that goes on over restarts (the event that was read last, the page of
 * an import), or what the installation knows of itself (the gateway account that it belongs to).
 */
export interface BookmarkRow {
  /** What it marks, e.g. `reconcile.events`. */
  readonly id: string
  readonly version: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly value: Json
}
