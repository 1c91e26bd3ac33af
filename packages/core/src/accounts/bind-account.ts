import { z } from 'zod'
import { moveBookmark, readBookmark } from '../bookmarks/keep-bookmark.ts'
import type { Deps } from '../deps.ts'

const BOOKMARK = 'gateway.account'

const account = z.object({ id: z.string(), livemode: z.boolean() })

/** An account at the gateway, in one of its modes. */
export type GatewayAccount = z.output<typeof account>

/** Whether the keys are those of the account that the rows belong to. `id` is absent where only the mode was looked at. */
export type AccountBinding =
  | { readonly isOurs: true; readonly account: GatewayAccount }
  | { readonly isOurs: false; readonly stored: GatewayAccount; readonly given: Partial<GatewayAccount> }

/** The account that what is stored belongs to; undefined where it was never bound to one. */
export const boundAccount = (deps: Pick<Deps, 'storage'>): Promise<GatewayAccount | undefined> =>
  readBookmark(deps, BOOKMARK, account)

/**
 * Binds what is stored to an account and mode; `Maintenance.bindAccount` says what is promised. The mode is looked at
 * first, and asks the gateway nothing.
 */
export async function bindAccount(deps: Deps): Promise<AccountBinding> {
  const { livemode } = deps.settings
  const known = await boundAccount(deps)
  if (known && known.livemode !== livemode) return { isOurs: false, stored: known, given: { livemode } }
  const given = { ...(await deps.gateway.account()), livemode }
  // Of two that bind at once, the first one's stays.
  let stored = known ?? given
  if (!known) {
    await moveBookmark(deps, BOOKMARK, account, (other) => {
      stored = other ?? given
      return stored
    })
  }
  const isOurs = stored.id === given.id && stored.livemode === livemode
  return isOurs ? { isOurs, account: stored } : { isOurs: false, stored, given }
}
