import type { Needs } from './config.ts'
import { type VariableName, variableNames } from './variables.ts'

const postgres = variableNames.filter((name) => /^(DATABASE_URL|DB_)/.test(name))
const redis = variableNames.filter((name) => /^REDIS_/.test(name))
const everywhere: readonly VariableName[] = ['NODE_ENV', 'CONFIG_FILE', 'LOG_LEVEL']

/**
 * What the sandbox does without: nothing of the outside world is contacted, and its state opens with its own key. Whoever
 * sets one of these has a server in mind.
 */
export const outside = variableNames.filter((name) =>
  /^(STRIPE_(?!(ENDPOINT_)?RATE_LIMIT)|REDIS_|DATABASE_|DB_|ENCRYPTION_|JWT_JWKS_URL|JWT_ALGORITHMS)/.test(name),
)

/** What each command reads, and what it cannot do without. */
export const needs = {
  serve: {
    uses: variableNames,
    required: [['STRIPE_SECRET_KEY'], ['STRIPE_WEBHOOK_SECRET'], ['JWT_SECRET', 'JWT_JWKS_URL'], ['ENCRYPTION_KEY']],
    guarded: true,
  },
  dev: { uses: variableNames.filter((name) => !outside.includes(name)), local: true },
  migrate: { uses: [...everywhere, ...postgres] },
  /** What works on the database alone. */
  alone: {
    uses: [...everywhere, ...postgres, 'ENCRYPTION_KEY', 'ENCRYPTION_KEYS_RETIRED'],
    required: [['ENCRYPTION_KEY']],
  },
  /** What asks Stripe as well. */
  florin: {
    uses: [
      ...[...everywhere, ...postgres, 'ENCRYPTION_KEY', 'ENCRYPTION_KEYS_RETIRED'],
      ...['STRIPE_SECRET_KEY', 'STRIPE_API_BASE', 'FLORIN_INSTALLATION'],
      ...[...redis, 'STRIPE_RATE_LIMIT_PER_SECOND', 'STRIPE_ENDPOINT_RATE_LIMIT_PER_SECOND', 'REPLICAS'],
      ...['PAYMENT_RECOVERY_WINDOW', 'SWEEP_AFTER'],
    ],
    required: [['STRIPE_SECRET_KEY'], ['ENCRYPTION_KEY']],
  },
  audit: { uses: [...everywhere, ...postgres, 'AUDIT_KEY', 'AUDIT_PUBLIC_KEYS'] },
  auditVerify: {
    uses: [...everywhere, ...postgres, 'AUDIT_KEY', 'AUDIT_PUBLIC_KEYS'],
    required: [['AUDIT_KEY', 'AUDIT_PUBLIC_KEYS']],
  },
  auditKey: { uses: [...everywhere, 'AUDIT_KEY'], required: [['AUDIT_KEY']] },
  prune: { uses: [...everywhere, ...postgres, ...variableNames.filter((name) => name.endsWith('_RETENTION'))] },
  token: { uses: [...everywhere, 'JWT_SECRET', 'JWT_ISSUER', 'JWT_AUDIENCE'] },
  sandbox: { uses: [...everywhere, 'SANDBOX_PORT', 'STRIPE_WEBHOOK_SECRET'] },
} as const satisfies Record<string, Needs>
