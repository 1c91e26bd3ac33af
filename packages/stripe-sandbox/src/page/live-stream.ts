const calmDown = 80
const keepAlive = 15_000

/** Tells whoever listens that something has changed. */
export interface ChangeSignal {
  notify(): void
  /** Calls back on each change, until the function that it gives is called. */
  subscribe(listener: () => void): () => void
}

/** Makes a signal. Its listeners run within the change that they are told of, so they must be quick and never throw. */
export function createChangeSignal(): ChangeSignal {
  const listeners = new Set<() => void>()
  return {
    notify() {
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** A stream of server-sent events that says when there is something new to fetch; many changes at once say so once. */
export function liveStream(signal: ChangeSignal): Response {
  const text = new TextEncoder()
  let stop = (): void => undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (line: string): void => controller.enqueue(text.encode(line))
      let soon: NodeJS.Timeout | undefined
      const unsubscribe = signal.subscribe(() => {
        soon ??= setTimeout(() => {
          soon = undefined
          send('event: change\ndata: {}\n\n')
        }, calmDown).unref()
      })
      const alive = setInterval(() => send(': still here\n\n'), keepAlive).unref()
      stop = () => {
        unsubscribe()
        clearInterval(alive)
        clearTimeout(soon)
      }
      send('retry: 1000\nevent: change\ndata: {}\n\n')
    },
    cancel: () => stop(),
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
}
