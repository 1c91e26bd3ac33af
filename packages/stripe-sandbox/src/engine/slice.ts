import type { AnyCollection } from './collection.ts'
import type { Context } from './context.ts'
import type { ControlRoute } from './control-route.ts'
import type { EventType } from './event-types.ts'
import type { FormTree } from './form.ts'
import { list, type ParamsOf, readShape, type Shape, text } from './params.ts'
import type { Task } from './state.ts'

export type { ControlRoute } from './control-route.ts'

/** The methods of Stripe's v1 API. */
export type Method = 'GET' | 'POST' | 'DELETE'

/** A request whose parameters were read, ready to take effect. */
export interface PreparedCall {
  readonly expand: readonly string[]
  /** Ids that nobody else may be changing meanwhile. */
  readonly locks: (context: Context) => readonly string[]
  /** Takes effect at once, without waiting, and gives the object to answer. */
  readonly run: (context: Context) => object
}

/** One operation of the API, as the route table keeps it. */
export interface Route {
  readonly method: Method
  readonly path: string
  /** Whether a publishable key may call it. The handler then checks the client secret. */
  readonly publishable: boolean
  /** Reads the parameters by the route's shape, or throws. Changes nothing. */
  readonly prepare: (form: FormTree, ids: readonly string[]) => PreparedCall
}

/** What a slice writes for one operation. `id` and `child` are the first and second `:name` of the path. */
export interface RouteDefinition<S extends Shape> {
  readonly method: Method
  readonly path: string
  readonly params: S
  readonly publishable?: boolean
  /** Default: the object in the path, unless it is a GET. */
  readonly locks?: (context: Context, params: ParamsOf<S>, id: string) => readonly string[]
  readonly handler: (context: Context, params: ParamsOf<S>, id: string, child: string) => object
}

/** Everything that one kind of Stripe object brings with it. The sandbox is a list of slices. */
export interface Slice {
  readonly name: string
  readonly collections?: readonly AnyCollection[]
  readonly routes?: readonly Route[]
  readonly controls?: readonly ControlRoute[]
  /** What to do when a task of this kind falls due. */
  readonly tasks?: Readonly<Record<string, (context: Context, task: Task) => void>>
  /** What else follows when an event is emitted. Gets the id of the event's object. */
  readonly reactions?: Readonly<Partial<Record<EventType, (context: Context, id: string) => void>>>
  /** Fields that exist only when expanded: object name → field → value. Never part of events. */
  readonly expansions?: Readonly<Record<string, Readonly<Record<string, (context: Context, id: string) => unknown>>>>
  /** How an object looked in older API versions: object name → rendering. Gets the object of today's shape. */
  readonly renderings?: Readonly<Record<string, Rendering>>
  /** What a fresh sandbox contains. */
  readonly seed?: (context: Context) => void
}

/** Rewrites an object into the shape of an older API version. Must not change what it is given. */
export type Rendering = (object: Readonly<Record<string, unknown>>, version: string, context: Context) => object

/** Declares one operation. `expand` is allowed everywhere. */
export function route<const S extends Shape>(definition: RouteDefinition<S>): Route {
  const { method, path, params: shape, publishable = false, handler } = definition
  const locks = definition.locks ?? ((_context, _params, id) => (method === 'GET' || id === '' ? [] : [id]))
  return {
    method,
    path,
    publishable,
    prepare(form, ids) {
      const { expand, ...own } = form
      const params = readShape(shape, own)
      const [id = '', child = ''] = ids
      return {
        expand: expand === undefined ? [] : list(text()).read(expand, 'expand'),
        locks: (context) => locks(context, params, id),
        run: (context) => handler(context, params, id, child),
      }
    },
  }
}
