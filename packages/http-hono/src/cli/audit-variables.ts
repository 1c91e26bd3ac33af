import { readEncryptionKey } from './encryption-key.ts'
import { list, read } from './value-types.ts'
import { about, auditLog } from './variable-groups.ts'

/** What signs the audit log, and what verifies it. */
export const auditVariables = {
  AUDIT_KEY: read(readEncryptionKey)
    .optional()
    .register(
      about,
      auditLog('Signs the audit log: exactly 32 characters, or base64: and 32 bytes. Never keep it in the database', {
        get: 'make one with: echo "base64:$(openssl rand -base64 32)"',
        example: 'base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
        secret: true,
      }),
    ),
  AUDIT_PUBLIC_KEYS: list(readEncryptionKey, { orNone: false })
    .default([])
    .register(
      about,
      auditLog('Public halves of keys that verify the audit log, comma-separated: florin audit key prints them', {
        example: 'base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
      }),
    ),
}
