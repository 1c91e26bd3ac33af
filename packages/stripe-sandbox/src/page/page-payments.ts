import { html } from 'hono/html'
import { charges, type StoredCharge } from '../charges/charge.ts'
import { paymentIntents, type StoredPaymentIntent } from '../payment-intents/payment-intent.ts'
import { cardName, customerName } from './page-customers.ts'
import { actionButton, numberField } from './page-form.ts'
import { rowOf } from './page-row.ts'
import { listSection } from './page-section.ts'
import { type Html, money, pill, words } from './page-text.ts'
import type { PageView } from './page-view.ts'

/** Both ends of a 3-D Secure challenge. */
export const authenticationButtons = (id: string): Html => html`
  ${actionButton({ action: 'authenticate', fields: { id, outcome: 'succeed' } }, 'Complete 3-D Secure', { about: id, look: 'main' })}
  ${actionButton({ action: 'authenticate', fields: { id, outcome: 'fail' } }, 'Fail it', { about: id })}`

/** The payments, each with what may be done about it. */
export function paymentSection(view: PageView): Html {
  const { store } = view.context
  const row = (intent: StoredPaymentIntent): Html => {
    const charge = intent.latest_charge === null ? undefined : store.find(charges, intent.latest_charge)
    const card = cardName(view, intent.payment_method ?? charge?.payment_method ?? null)
    return rowOf({
      id: intent.id,
      lead: html`${money(intent.amount, intent.currency)} ${statusOf(intent, charge)}`,
      what: [customerName(view, intent.customer), card, trouble(intent)].filter(Boolean).join(' · '),
      ids: [intent.id],
      at: intent.created,
      ...actionsOf(intent, charge),
    })
  }
  const rows = store.all(paymentIntents).reverse()
  return listSection(view, { id: 'payments', title: 'Payments', rows, empty: 'No payments yet.', row })
}

function statusOf({ status }: StoredPaymentIntent, charge: StoredCharge | undefined): Html {
  if (charge?.disputed) return pill('disputed', 'bad')
  if (charge?.refunded) return pill('refunded')
  if (charge !== undefined && charge.amount_refunded > 0) return pill('partly refunded', 'info')
  return pill(status)
}

const trouble = ({ last_payment_error: error }: StoredPaymentIntent): string | undefined => {
  const code = error?.decline_code ?? error?.code
  return code === undefined || code === null ? undefined : words(code)
}

function actionsOf(intent: StoredPaymentIntent, charge: StoredCharge | undefined): { acts?: Html } {
  const { id, status } = intent
  if (status === 'requires_action') return { acts: authenticationButtons(id) }
  if (status === 'requires_capture') {
    return { acts: actionButton({ action: 'capture', fields: { id } }, 'Capture', { about: id }) }
  }
  if (status !== 'succeeded' || charge === undefined || charge.refunded || charge.disputed) return {}
  const rest = charge.amount_captured - charge.amount_refunded
  const label = `Amount in the smallest unit of ${intent.currency.toUpperCase()}`
  return {
    acts: html`<details class="menu" id="refund-${id}">
      <summary>Refund<span class="unseen"> ${id}</span></summary>
      <form method="post" action="/_sandbox/page/do/refund">
        <input type="hidden" name="id" value="${id}">
        ${numberField('amount', label, { value: rest, min: 1, max: rest })}
        <button class="main">Refund</button>
      </form>
    </details>`,
  }
}
