import type { Florin } from '@florin/core'

/** Everything that keeps Florin true while nobody asks. Answers how to stop it. */
export function maintain({ maintenance }: Florin, everyMs = 5000): () => void {
  const jobs = [
    () => maintenance.dispatch(), // tells your handlers
    () => maintenance.recover(), // settles what a crash left open
    () => maintenance.refresh(), // reads again what is open or in doubt
    () => maintenance.retryWebhooks(), // applies stored webhooks that could not be
    () => maintenance.refundDuplicates(), // where `autoRefundDuplicates` is on
    () => maintenance.erase(), // goes on with users that are being erased
  ]
  let isStopped = false
  const round = async () => {
    for (const job of jobs) {
      if (isStopped) return
      // One that fails does not keep the others from their work; it is tried again in the next round.
      await job().catch((error: unknown) => console.error('maintenance', error))
    }
    if (!isStopped) timer = setTimeout(round, everyMs)
  }
  let timer = setTimeout(round, 0)
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}
