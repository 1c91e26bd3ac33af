/** A promise that is settled from outside. */
export function later<T>() {
  let [resolve, reject]: [(value: T) => void, (reason: unknown) => void] = [() => undefined, () => undefined]
  const promise = new Promise<T>((onValue, onError) => {
    ;[resolve, reject] = [onValue, onError]
  })
  return { promise, resolve, reject }
}
