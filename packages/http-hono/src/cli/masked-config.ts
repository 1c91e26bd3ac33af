import { ofAccount } from './call-budget.ts'
import { type DescribedVariable, describedVariables } from './described-variables.ts'
import type { Problem, Settings } from './setting-sources.ts'

/** A setting as it may be shown: of a secret only whether it is set. */
export interface ShownSetting {
  readonly name: string
  /** As it was written, or its default as it would be written. */
  readonly value: string
  /** Where it stands, or that it stands nowhere. */
  readonly from: string
}

/** Every setting with where it comes from, also those that cannot be used. */
export function shownSettings(settings: Settings, problems: readonly Problem[]): readonly ShownSetting[] {
  const isWrong = (name: string) => problems.some((problem) => problem.name === name)
  return [...describedVariables().values()].flat().map((variable) => {
    const { name, secret } = variable
    const given = settings[name]
    if (given) {
      const from = isWrong(name) ? `${given.from}: wrong` : given.from
      return { name, value: secret ? '[set]' : withoutCredentials(given.value), from }
    }
    const value = defaultOf(variable, settings)
    return { name, value, from: isWrong(name) ? 'missing' : value === '' ? 'not set' : 'default' }
  })
}

/** Whatever stands before the host of a URL is somebody's name and password, also where it should not stand there. */
const withoutCredentials = (value: string): string => value.replaceAll(/\/\/[^/\s]*@/g, '//[set]@')

/** What Stripe allows depends on the key. */
const defaultOf = ({ name, default: fallback }: DescribedVariable, { STRIPE_SECRET_KEY: key }: Settings): string =>
  name === 'STRIPE_RATE_LIMIT_PER_SECOND' && key ? String(ofAccount(key.value)) : fallback
