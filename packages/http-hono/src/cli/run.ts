import type { GivenFlags, Program } from './program.ts'
import { gatherSettings } from './setting-sources.ts'
import type { VariableName } from './variables.ts'

/** Whoever sets one of these has a server in mind; the others mean something for the sandbox too. */
const ofServers: readonly VariableName[] = [
  ...(['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_API_BASE', 'ENCRYPTION_KEY', 'JWT_JWKS_URL'] as const),
  ...(['DATABASE_URL', 'DB_HOST', 'DB_PASSWORD', 'REDIS_URL', 'REDIS_HOST'] as const),
]

/** What `make run` does: the server when something is configured, otherwise the sandbox. */
export async function run(program: Program, flags: GivenFlags): Promise<number> {
  const { settings } = gatherSettings(program)
  const reason = ofServers.find((name) => settings[name])
  if (reason !== undefined || settings.NODE_ENV?.value === 'production') {
    const why = reason === undefined ? 'NODE_ENV is production' : `${reason} is set in ${settings[reason]?.from}`
    program.complain(`${why}: florin serve`)
    return (await import('./serve.ts')).serve(program, flags)
  }
  program.complain('Nothing is configured: florin dev')
  return (await import('./dev.ts')).dev(program, flags)
}
