import type { State, Task } from './state.ts'

/** Adds a task in order of its time; tasks of the same second run in the order in which they were added. */
export function addTask(state: State, task: Task): void {
  let low = 0
  let high = state.tasks.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((state.tasks[middle]?.at ?? Number.POSITIVE_INFINITY) <= task.at) low = middle + 1
    else high = middle
  }
  state.tasks.splice(low, 0, task)
  state.undo?.push(() => state.tasks.splice(state.tasks.indexOf(task), 1))
}

/** Forgets the tasks of a kind for an object. */
export function dropTasks(state: State, kind: string, id: string): void {
  const before = [...state.tasks]
  const kept = before.filter((task) => task.kind !== kind || task.id !== id)
  if (kept.length === before.length) return
  state.tasks.splice(0, state.tasks.length, ...kept)
  state.undo?.push(() => state.tasks.splice(0, state.tasks.length, ...before))
}

/** Takes the first task that is due at `until`, or undefined. */
export function takeDueTask(state: State, until: number): Task | undefined {
  const first = state.tasks[0]
  return first !== undefined && first.at <= until ? state.tasks.shift() : undefined
}
