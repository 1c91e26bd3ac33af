import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { subscriptionIds } from '../load/stripe-events.ts'
import { startServer } from '../servers.ts'
import type { Contestant, Suite } from '../suite.ts'
import { here, type World } from '../world.ts'
import { florinWebhooks, plainWebhooks } from './webhooks.ts'

/** Their versions exclude each other with ours, so they have a folder and a lockfile of their own. */
function install(): void {
  if (existsSync(here('peers/node_modules'))) return
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here('peers'), stdio: ['ignore', 'ignore', 'inherit'] })
}

const peer = (name: string, does: string, start: (world: World) => ReturnType<Contestant['start']>): Contestant => ({
  ...{ name, does },
  start(world) {
    install()
    return start(world)
  },
  ...plainWebhooks(),
})

export const peers: Suite = {
  name: 'webhooks, beside peers',
  about: 'The same events, taken by the libraries that teams install today',
  contestants: [
    { ...florinWebhooks, start: (world) => florinWebhooks.start(world, 'florin_beside_peers') },
    peer('@supabase/stripe-sync-engine 0.48.5', 'verifies, mirrors the object; keeps no event', (world) =>
      startServer(world, 'supabase', 'peers/supabase.mjs', ''),
    ),
    peer('@better-auth/stripe 1.7.6', 'verifies, updates subscriptions; keeps no event', (world) =>
      startServer(world, 'better_auth', 'peers/better-auth.mjs', '', {
        PRICE: 'price_1234567890',
        SUBSCRIPTIONS: subscriptionIds().join(','),
      }),
    ),
  ],
  connections: [1, 16, 64],
  quick: { connections: [64] },
}
