/**
 * What a server may ask of a plugin process and a plugin process of the server: parameters and results of every method,
 * as JSON carries them. `plugins/protocol` publishes these as JSON Schemas.
 */
import { type Static, type TSchema, Type as t } from '@sinclair/typebox'

const text = t.String()
const anything = t.Record(t.String(), t.Unknown())
const nothing = t.Object({})

const WHYS = ['credentials', 'disabled', 'locked', 'expired', 'not-allowed', 'unavailable'] as const

export const Identity = t.Object({
  externalId: t.String({ minLength: 1, maxLength: 190 }),
  username: t.String({ minLength: 1 }),
  email: t.Optional(text),
  emailVerified: t.Optional(t.Boolean()),
  displayName: t.Optional(text),
  groups: t.Array(text),
  claims: t.Optional(anything),
  amr: t.Optional(t.Array(text)),
  session: t.Optional(anything),
})
export const Verdict = t.Union([
  t.Object({ ok: t.Literal(true), identity: Identity }),
  t.Object({ ok: t.Literal(false), why: t.Union(WHYS.map((why) => t.Literal(why))), detail: t.Optional(text) }),
])

const row = t.Record(t.String(), t.Unknown())
/** A collection as its declaration says it; `fields` is a JSON Schema. */
export const Declaration = t.Object({
  name: text,
  fields: anything,
  key: t.Array(text),
  unique: t.Optional(t.Array(t.Array(text))),
  indexes: t.Optional(t.Array(t.Array(text))),
  expiresAt: t.Optional(text),
})
const Where = {
  by: t.Optional(t.Array(text)),
  equals: t.Optional(row),
  prefix: t.Optional(text),
  range: t.Optional(
    t.Object({ from: t.Optional(t.Union([text, t.Number()])), to: t.Optional(t.Union([text, t.Number()])) }),
  ),
}
/** A step of a commit; a collection is called by its name. */
const Step = t.Union([
  t.Object({ insert: text, row }),
  t.Object({ update: text, key: row, set: row, when: t.Optional(row) }),
  t.Object({ take: text, key: row, when: t.Optional(row) }),
  t.Object({ delete: text, where: t.Object(Where) }),
])
const rowOrNull = t.Union([row, t.Null()])

/** Asked of a login source. */
export const LOGIN_METHODS = {
  'password.verify': {
    params: t.Object({ username: text, password: text, externalId: t.Optional(text) }),
    result: Verdict,
  },
  'passwordChange.secret': { params: t.Object({ password: text }), result: t.Object({ secret: text }) },
  'passwordChange.accepts': { params: t.Object({ secret: text }), result: t.Object({ accepts: t.Boolean() }) },
  'redirect.begin': {
    params: t.Object({
      callbackUrl: text,
      state: text,
      loginHint: t.Optional(text),
      prompt: t.Optional(text),
      maxAge: t.Optional(t.Number()),
    }),
    result: t.Object({ url: text, state: anything }),
  },
  'redirect.complete': { params: t.Object({ url: text, callbackUrl: text, state: anything }), result: Verdict },
  'negotiate.step': {
    params: t.Object({ token: t.String({ description: 'base64' }) }),
    result: t.Object({ verdict: Verdict, reply: t.Optional(t.String({ description: 'base64' })) }),
  },
  refresh: { params: t.Object({ externalId: text, username: text }), result: Verdict },
  lookup: { params: t.Object({ username: text }), result: Verdict },
  health: { params: nothing, result: t.Object({ ok: t.Boolean(), detail: t.Optional(text) }) },
} as const

/** Asked of a storage. */
export const STORAGE_METHODS = {
  migrate: { params: t.Object({ collections: t.Array(Declaration) }), result: nothing },
  get: { params: t.Object({ collection: text, key: row }), result: t.Object({ row: rowOrNull }) },
  find: {
    params: t.Object({
      collection: text,
      query: t.Object({
        ...Where,
        descending: t.Optional(t.Boolean()),
        limit: t.Integer(),
        after: t.Optional(text),
      }),
    }),
    result: t.Object({ rows: t.Array(row), next: t.Optional(text) }),
  },
  commit: {
    params: t.Object({ steps: t.Array(Step) }),
    result: t.Union([
      t.Object({ ok: t.Literal(true), taken: t.Array(rowOrNull) }),
      t.Object({ ok: t.Literal(false), failed: t.Integer({ minimum: 0 }) }),
    ]),
  },
  increment: {
    params: t.Object({
      collection: text,
      key: row,
      by: t.Object({ by: t.Integer(), limit: t.Integer(), now: t.Integer(), expiresAt: t.Integer() }),
    }),
    result: t.Object({ ok: t.Boolean(), count: t.Integer(), expiresAt: t.Integer() }),
  },
  deleteExpired: {
    params: t.Object({ collection: text, now: t.Number(), limit: t.Integer() }),
    result: t.Object({ removed: t.Integer({ minimum: 0 }) }),
  },
  backup: { params: t.Object({ to: text }), result: nothing },
  watch: { params: nothing, result: nothing },
} as const

/** Asked of the server, by login sources only: a small secret per user. */
export const SERVER_METHODS = {
  'credentials.get': { params: t.Object({ name: text }), result: t.Object({ value: t.Union([text, t.Null()]) }) },
  'credentials.put': { params: t.Object({ name: text, value: text }), result: nothing },
  'credentials.replace': {
    params: t.Object({ name: text, from: text, to: text }),
    result: t.Object({ replaced: t.Boolean() }),
  },
  'credentials.delete': { params: t.Object({ name: text }), result: nothing },
} as const

export const PLUGIN_METHODS = { ...LOGIN_METHODS, ...STORAGE_METHODS } as const
const METHODS: Readonly<Record<string, { readonly params: TSchema; readonly result: TSchema }>> = {
  ...PLUGIN_METHODS,
  ...SERVER_METHODS,
}

export type PluginMethod = keyof typeof PLUGIN_METHODS
export type ServerMethod = keyof typeof SERVER_METHODS
type Methods = typeof PLUGIN_METHODS & typeof SERVER_METHODS
export type Method = keyof Methods
export type Params<M extends Method> = Static<Methods[M]['params']>
export type Result<M extends Method> = Static<Methods[M]['result']>

/** The schemas of a method, if there is one of this name. */
export function methodNamed(name: string): { readonly params: TSchema; readonly result: TSchema } | undefined {
  return Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
}
