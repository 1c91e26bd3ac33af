import type { Collection, Row } from './collection.ts'
import type { EventType } from './event-types.ts'
import { emitEvent } from './events.ts'
import { nextCode, nextId, nextRandom, randomFor } from './ids.ts'
import type { Registry } from './registry.ts'
import { addTask, dropTasks } from './schedule.ts'
import { atomically, createStore, type State, type Store, type Task } from './state.ts'
import { resourceMissing } from './stripe-failure.ts'

/** Who asked: recorded in the events that follow. Both are null when time itself did it. */
export interface Cause {
  readonly id: string | null
  readonly idempotency_key: string | null
}

/** What handlers, tasks and reactions work with. All of it is synchronous. */
export interface Context {
  readonly store: Store
  /** The virtual time in whole seconds. */
  readonly now: number
  /** The version in which the answer is rendered; objects in the store are always of the current one. */
  readonly apiVersion: string
  /** True for `pk_…` keys. */
  readonly publishable: boolean
  readonly cause: Cause
  newId(prefix: string, length?: number): string
  newCode(label: string, length: number): string
  /** From 0 up to 1, seeded: another one each time. */
  random(label: string): number
  /** From 0 up to 1, seeded: always the same for an id. */
  randomFor(label: string, id: string): number
  /**
   * Records an event with a snapshot of the object, queues its deliveries and runs the reactions of all slices.
   * `previous` holds the earlier values of what changed.
   */
  emit(type: EventType, object: Row, previous?: object): void
  schedule(task: Task): void
  unschedule(kind: string, id: string): void
  /** Runs a part that is undone if it throws, while the rest stays. */
  attempt<T>(work: () => T): T
  /** The object whose id stands in the path, or 404. */
  inPath<T extends Row>(collection: Collection<T>, id: string, param?: string): T
  /** The object whose id came as a parameter, or 400 naming the parameter. */
  inParam<T extends Row>(collection: Collection<T>, id: string, param: string): T
  readonly registry: Registry
  readonly state: State
}

/** Makes the context of one request, task or control call. */
export function createContext(
  engine: { state: State; registry: Registry },
  call: { cause?: Cause; apiVersion: string; publishable?: boolean },
): Context {
  const { state, registry } = engine
  const store = createStore(state)
  const context: Context = {
    store,
    state,
    registry,
    get now() {
      return state.now
    },
    apiVersion: call.apiVersion,
    publishable: call.publishable ?? false,
    cause: call.cause ?? { id: null, idempotency_key: null },
    newId: (prefix, length) => nextId(state, prefix, length),
    newCode: (label, length) => nextCode(state, label, length),
    random: (label) => nextRandom(state, label),
    randomFor: (label, id) => randomFor(state, `${label}:${id}`),
    emit: (type, object, previous) => emitEvent(context, type, object, previous),
    schedule: (task) => addTask(state, task),
    unschedule: (kind, id) => dropTasks(state, kind, id),
    attempt: (work) => atomically(state, work, () => false),
    inPath(collection, id, param = 'id') {
      const row = store.find(collection, id)
      if (row === undefined) throw resourceMissing(wordFor(collection.name), id, { path: param })
      return row
    },
    inParam(collection, id, param) {
      const row = store.find(collection, id)
      if (row === undefined) throw resourceMissing(wordFor(collection.name), id, { param })
      return row
    },
  }
  return context
}

/** Stripe spells one kind differently in "No such …". */
const wordFor = (name: string): string => (name === 'payment_method' ? 'PaymentMethod' : name)
