import { filteredList } from '../endpoint.ts'
import { auditPage, auditQuery, presentAuditEntry } from '../wire/audit-entry.ts'

export const list = filteredList({
  name: 'listAuditLog',
  tag: 'Audit log',
  summary: 'List who did what',
  query: auditQuery,
  answer: auditPage,
  page: ({ audit }, input, actor) => audit.list(input, actor),
  present: presentAuditEntry,
})
