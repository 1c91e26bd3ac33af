import type { Migration } from 'kysely/migration'
import { conflicts } from './0001-conflicts.ts'
import { payments } from './0002-payments.ts'
import { billing } from './0003-billing.ts'
import { records } from './0004-records.ts'
import { debts } from './0005-debts.ts'
import { dataKeys } from './0006-data-keys.ts'
import { partitions } from './0007-partitions.ts'
import { auditSeals } from './0008-audit-seals.ts'
import { webhookLists } from './0010-webhook-lists.ts'
import { nobodysRows } from './0011-nobodys-rows.ts'
import { billingDetails } from './0012-billing-details.ts'

/**
 * All migrations by name, applied in the order of their names. A record and not a folder, so that bundlers keep them.
 * One that was released is never edited: databases that have it would not get the change.
 */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-conflicts': conflicts,
  '0002-payments': payments,
  '0003-billing': billing,
  '0004-records': records,
  '0005-debts': debts,
  '0006-data-keys': dataKeys,
  '0007-partitions': partitions,
  '0008-audit-seals': auditSeals,
  '0010-webhook-lists': webhookLists,
  '0011-nobodys-rows': nobodysRows,
  '0012-billing-details': billingDetails,
}
