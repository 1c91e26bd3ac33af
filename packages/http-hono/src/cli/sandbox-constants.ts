/**
 * What sandbox mode uses where nothing is configured. Everybody knows these values, so a server under
 * NODE_ENV=production refuses them.
 */
export const sandboxSecrets = {
  STRIPE_SECRET_KEY: 'sk_test_florin_sandbox',
  STRIPE_WEBHOOK_SECRET: 'whsec_florin_sandbox',
  JWT_SECRET: 'florin-sandbox-jwt-secret-not-for-production',
  ENCRYPTION_KEY: 'florin-sandbox-encryption-key-32',
} as const

/** The price of the mission's page, which every fresh sandbox holds. */
export const sandboxPrice = 'price_1234567890'

/** What stands in `.env.example` to be replaced. As public as the sandbox's values. */
export const placeholders = {
  STRIPE_SECRET_KEY: 'sk_test_your_key',
  STRIPE_WEBHOOK_SECRET: 'whsec_your_secret',
  JWT_SECRET: 'your_jwt_secret',
  ENCRYPTION_KEY: 'your_32_character_encryption_key',
} as const
