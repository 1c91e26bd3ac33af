const signals = ['SIGTERM', 'SIGINT'] as const

/** Resolves at the first signal to stop. A second one ends the process at once, whatever it is doing. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let stopping = false
    for (const signal of signals) {
      process.on(signal, () => {
        if (stopping) process.exit(1)
        stopping = true
        resolve(signal)
      })
    }
  })
}
