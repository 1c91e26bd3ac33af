// Why: which states are never left for which is decided by one table in each slice. The page that people read is drawn
// from those very tables, so that it cannot say something else.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { invoiceRanks, invoiceStatuses } from '../packages/core/src/invoices/invoice.ts'
import { paymentRanks, paymentStatuses } from '../packages/core/src/payments/payment.ts'
import { refundRanks, refundStatuses } from '../packages/core/src/refunds/refund.ts'
import { subscriptionRanks, subscriptionStatuses } from '../packages/core/src/subscriptions/subscription.ts'
import { root } from './source.mjs'

const slices = [
  ['Payments', paymentStatuses, paymentRanks],
  ['Refunds', refundStatuses, refundRanks],
  ['Subscriptions', subscriptionStatuses, subscriptionRanks],
  ['Invoices', invoiceStatuses, invoiceRanks],
]

function draw([title, statuses, ranks]) {
  // Where Stripe has no such word, `pending` is before anything was observed: every observation follows it.
  const isAsked = (status) => status === 'pending' && title !== 'Refunds'
  const asked = statuses.filter(isAsked)
  const known = statuses.filter((status) => !isAsked(status))
  const levels = [...new Set(known.map((status) => ranks[status] ?? 0))].sort((a, b) => a - b)
  const at = (level) => known.filter((status) => (ranks[status] ?? 0) === level)
  const rows = levels.map(
    (level) =>
      `| ${level} | ${at(level)
        .map((status) => `\`${status}\``)
        .join(', ')} |`,
  )
  const arrows = levels.slice(1).map((level, index) => `  rank${levels[index]} --> rank${level}`)
  const boxes = levels.map((level) => `  state "${at(level).join(', ')}" as rank${level}`)
  const first = asked.flatMap((status) => [`  ${status} --> rank${levels[0]}`])
  const chart = ['```mermaid', 'stateDiagram-v2', ...boxes, ...first, ...arrows, '```']
  const before = asked.map((status) => `| before | \`${status}\` |`)
  return [`## ${title}`, '', '| rank | statuses |', '|---|---|', ...before, ...rows, '', ...chart, ''].join('\n')
}

const page = `# States

What is stored is the join of everything that was observed. A status of a higher rank is never left for one of a lower
rank, whatever arrives; within a rank Stripe's own time decides, and values of one second are kept side by side until
something later, or a direct read, settles them ([decision 3](decisions/0003-ties-are-sets.md)). A direct read at the
gateway stands above all that was known when it was asked.

\`pending\` is what was asked for and is not answered yet: whatever Stripe tells follows it, and what never reached Stripe ends
as \`canceled\` ([when it stays so](troubleshooting.md#a-payment-is-stuck)).

A payment method that was detached and a customer that was deleted stay so. Disputes may change as long as they live, so
they have one rank.

${slices.map(draw).join('\n')}
Drawn by \`scripts/draw-states.mjs\` from the tables in \`packages/core/src\`.
`

const path = join(root, 'docs/states.md')
if (!process.argv.includes('--check')) writeFileSync(path, page)
else if (readFileSync(path, 'utf8') !== page) {
  console.error('docs/states.md is not what the tables say: run node scripts/draw-states.mjs')
  process.exit(1)
}
