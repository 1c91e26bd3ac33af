/** Posts a webhook and gives the status of the answer. Rejects when there is none. */
export type WebhookSender = (
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number }>

const loopback = /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/

/**
 * Posts over the network, to this machine only: a sandbox that is given a foreign URL by mistake must not send its
 * events there. Redirects are failures, as with Stripe.
 */
export const sendToLoopback: WebhookSender = async (url, body, headers) => {
  const { hostname } = new URL(url)
  if (!loopback.test(hostname)) throw new Error(`the sandbox delivers to this machine only, not to ${hostname}`)
  const response = await fetch(url, { method: 'POST', body, headers, redirect: 'manual' })
  await response.body?.cancel()
  return { status: response.status }
}
