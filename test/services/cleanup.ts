// Servers and their folders must not outlive the run, also when it crashes or is interrupted: an orphaned Postgres
// holds memory and a folder under /tmp until somebody notices.
const pending = new Set<() => void>()

/** Registers what has to happen when the process ends early. Call the returned function after a regular stop. */
export function atExit(cleanUp: () => void): () => void {
  if (pending.size === 0) listen()
  pending.add(cleanUp)
  return () => {
    pending.delete(cleanUp)
    if (pending.size === 0) unlisten()
  }
}

const runAll = () => {
  // Newest first: a server is killed before its folder is removed.
  for (const cleanUp of [...pending].reverse()) {
    try {
      cleanUp()
    } catch (error) {
      console.error(error)
    }
  }
  pending.clear()
}
// A signal without a listener ends the process without an 'exit' event, so it is turned into an exit.
const onInterrupt = () => process.exit(130)
const onTerminate = () => process.exit(143)

function listen() {
  process.on('exit', runAll)
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  process.on('SIGHUP', onTerminate)
}

function unlisten() {
  process.off('exit', runAll)
  process.off('SIGINT', onInterrupt)
  process.off('SIGTERM', onTerminate)
  process.off('SIGHUP', onTerminate)
}
