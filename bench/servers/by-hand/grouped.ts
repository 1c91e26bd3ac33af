interface Waiting<In, Out> {
  readonly item: In
  readonly resolve: (answer: Out) => void
  readonly reject: (error: unknown) => void
}

/** Runs what comes in one turn of the loop, and what comes while a run is under way, as one. */
export function grouped<In, Out>(run: (items: readonly In[]) => Promise<readonly Out[]>): (item: In) => Promise<Out> {
  let waiting: Waiting<In, Out>[] = []
  let isBusy = false
  const go = async (): Promise<void> => {
    if (isBusy || waiting.length === 0) return
    const group = waiting
    waiting = []
    isBusy = true
    try {
      const answers = await run(group.map(({ item }) => item))
      for (const [index, one] of group.entries()) one.resolve(answers[index] as Out) // an answer for each item
    } catch (error) {
      for (const one of group) one.reject(error)
    }
    isBusy = false
    void go()
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (waiting.length === 1) setImmediate(go)
    })
}
