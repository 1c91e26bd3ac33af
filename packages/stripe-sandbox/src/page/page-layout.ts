import { html } from 'hono/html'
import { clockBar } from './page-clock.ts'
import { customerSection } from './page-customers.ts'
import { disturbanceSection, isCalm } from './page-disturbances.ts'
import { eventSection } from './page-events.ts'
import { invoiceSection } from './page-invoices.ts'
import { countPill, overviewSection, waitingCount } from './page-overview.ts'
import { paymentSection } from './page-payments.ts'
import { requestSection } from './page-requests.ts'
import { subscriptionSection } from './page-subscriptions.ts'
import { type Html, pill } from './page-text.ts'
import type { PageView } from './page-view.ts'

const links = [
  ['payments', 'Payments'],
  ['subscriptions', 'Subscriptions'],
  ['invoices', 'Invoices'],
  ['customers', 'Customers'],
  ['events', 'Events'],
  ['requests', 'Requests'],
] as const

/** All that changes while the sandbox lives. The script replaces it piece by piece. */
export function liveContent(view: PageView): Html {
  const disturbed = !isCalm(view.webhooks.mode()) || view.faults.list().length > 0
  return html`<header>
    <div class="name"><svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true"><circle class="coin" cx="13" cy="13" r="12"/><path class="stamp" d="M9.5 19.5v-13h8M9.5 12.7h6.4" /></svg>
      <h1 tabindex="-1">Stripe sandbox</h1><span id="connection" class="dim" data-own>not live</span>${disturbed ? html`<a href="#disturbances">${pill('disturbed', 'warn')}</a>` : ''}</div>
    ${clockBar(view)}
  </header>
  <div class="frame">
    <nav aria-label="Sections">
      <a href="#overview">Overview ${countPill(waitingCount(view))}</a>
      ${links.map(([id, title]) => html`<a href="#${id}">${title}</a>`)}
      <a href="#disturbances">Disturbances</a>
      <a href="/_sandbox/openapi.json">Control API</a>
    </nav>
    <main>
      ${overviewSection(view)}
      ${paymentSection(view)}
      ${subscriptionSection(view)}
      ${invoiceSection(view)}
      ${customerSection(view)}
      ${eventSection(view)}
      ${requestSection(view)}
      ${disturbanceSection(view)}
    </main>
  </div>`
}

/** A whole document. Only the page itself is live. */
export const layout = (
  title: string,
  body: Html,
  { live, note }: { live: boolean; note: string | null },
): Html => html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title}</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/_sandbox/page/page.css">
  ${live ? html`<script src="/_sandbox/page/page.js" defer></script>` : ''}
</head>
<body>
  <div id="page">${body}</div>
  <div id="note" role="status" aria-live="polite">${note ?? ''}</div>
</body>
</html>`
