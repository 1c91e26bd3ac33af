import { type Role, roles } from '@florin/core'
import { reserved } from '../auth.ts'
import { usageError } from './command-error.ts'
import { ConfigError, readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import type { GivenFlags, Program } from './program.ts'
import { sandboxSecrets } from './sandbox-constants.ts'
import { signToken } from './sign-token.ts'
import { readDuration } from './value-types.ts'

/** Prints a token, and nothing else, so that it can be put into a variable. */
export async function token(program: Program, flags: GivenFlags): Promise<number> {
  const config = readConfig(program, needs.token)
  const sub = flags.text('sub')
  if (!sub) throw usageError('--sub is missing: whose token should it be?')
  if (reserved.includes(sub)) throw usageError(`--sub ${sub} is how Florin names itself: no server takes such a token`)
  const secret = config.JWT_SECRET ?? (config.NODE_ENV === 'production' ? undefined : sandboxSecrets.JWT_SECRET)
  if (secret === undefined) throw new ConfigError([{ name: 'JWT_SECRET', message: 'is not set' }])
  const request = { sub, secret, roles: rolesOf(flags.texts('role')), timeToLive: secondsOf(flags.text('ttl') ?? '1h') }
  program.print(await signToken(request, config))
  return 0
}

function rolesOf(given: readonly string[]): readonly Role[] {
  if (given.length === 0) throw usageError(`--role is missing: give one or more of ${roles.join(', ')}`)
  return given.map((word) => {
    const role = roles.find((known) => known === word)
    if (role === undefined) throw usageError(`--role ${word} is no role: give ${roles.join(', ')}`)
    return role
  })
}

function secondsOf(text: string): number {
  const time = readDuration(text)
  if (time === undefined) throw usageError(`--ttl ${text} is no time: give something like 15m, 1h or 30d`)
  return time / 1000
}
