/** An endpoint as data: where it is, who may call it, what it takes, what it does. The pipeline does the rest for all alike. */
import type { Static, TSchema } from '@sinclair/typebox'
import type { Parameters } from '../core/oauth/parameters.ts'
import type { Caller } from '../core/world.ts'

/**
 * Who may call: anybody; the holder of an identity token; a member of the admin group; a broker (shared secret or
 * address list); the operator on the control socket only. The operator may call everything.
 */
export type Access = 'public' | 'user' | 'admin' | 'broker' | 'operator'

export type Who =
  | { readonly kind: 'anonymous' | 'operator' | 'broker' }
  | { readonly kind: 'user'; readonly userId: string; readonly username: string; readonly admin: boolean }

export interface Input<Params extends string = string, Query = unknown, Body = unknown> {
  readonly params: Readonly<Record<Params, string>>
  readonly query: Query
  readonly body: Body
  readonly who: Who
  readonly caller: Caller
  /** The bearer token of the Authorization header, if there is one. */
  readonly bearer: string | undefined
  readonly request: Request
  /** Of the query of a GET, or of the form of a POST, where the endpoint `takes: 'parameters'`; otherwise none. */
  readonly parameters: Parameters
}

interface Declared<Path extends string, Q extends TSchema, B extends TSchema> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Parameters as `:name`, always a whole segment; the last one may carry a verb: `/users/:id:unlock`. */
  readonly path: Path
  readonly access: Access
  readonly summary: string
  /** Health and metrics: never in the access log. */
  readonly quiet?: boolean
  readonly query?: Q
  readonly body?: B
  /** JSON unless said otherwise. `parameters` arrive in `input.parameters`, unchecked: OAuth says what they must be. */
  readonly takes?: 'json' | 'merge-patch' | 'form' | 'parameters'
  /** Parameters that are given twice are named in `parameters.repeated`; the endpoint decides who is told. */
  readonly toleratesRepeats?: boolean
  /** `oauth`: refusals are those of RFC 6749; `page`: they are for people. */
  readonly errors?: 'problem' | 'oauth' | 'page'
  /** Pages of other sites may send this; it reads no cookie, or guards itself. */
  readonly crossSite?: boolean
  /** Pages of the configured origins may call this and read the answer. */
  readonly cors?: boolean
  /** An empty body is fine and arrives as `undefined`. */
  readonly bodyOptional?: boolean
  /** What is answered, for the API description. */
  readonly answer?: TSchema
  /** Status of a plain answer: 200, or 204 when `handle` returns `undefined`. */
  readonly status?: 201 | 202
  /** Answers refusals and failures as plain text, for callers that choke on anything else. */
  readonly refuse?: (status: number, detail: string) => Response
  handle(input: Input<Parameter<Path>, Static<Q>, Static<B>>): unknown
}

/** An endpoint with its types forgotten: what the table holds. */
export interface Endpoint extends Omit<Declared<string, TSchema, TSchema>, 'handle'> {
  handle(input: Input<string, unknown, unknown>): unknown
}

type Parameter<Path extends string> = Path extends `${string}/:${infer Rest}`
  ? Rest extends `${infer Name}/${infer Tail}`
    ? Name | Parameter<`/${Tail}`>
    : WithoutVerb<Rest>
  : never
type WithoutVerb<Segment extends string> = Segment extends `${infer Name}:${string}` ? Name : Segment

/** Declare an endpoint with the exact types of its input. The pipeline proves them before it calls `handle`. */
export function endpoint<const Path extends string, Q extends TSchema = TSchema, B extends TSchema = TSchema>(
  declared: Declared<Path, Q, B>,
): Endpoint {
  return declared as unknown as Endpoint
}
