/** Requests that an endpoint might get: mostly of the right shape, so that they come far, with strange things in them. */
import { type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { OAuthParameters } from './oauth-parameters.ts'
import { headers, text } from './strange.ts'

export const SENDERS = ['nobody', 'browser', 'user', 'admin', 'operator'] as const
export type Sender = (typeof SENDERS)[number]

export interface FuzzedRequest {
  readonly sender: Sender
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** What is there: the test makes it anew for every endpoint. */
export const KNOWN = { username: 'alice', password: 'vexing-Quartz-41-sphinx' } as const

/** Stand-ins for what each server makes anew; `send` puts the real thing in their place. */
export const STAND_INS = [
  'secret-of-service',
  'identity-token-of-alice',
  'access-token-of-alice',
  'csrf-of-browser',
  'consent-of-browser',
  'login-of-browser',
  'user-code-of-browser',
] as const
export type StandIn = (typeof STAND_INS)[number]

/** What is right for a field or parameter of this name, as far as its schema agrees. */
const RIGHT: readonly (readonly [RegExp, readonly unknown[]])[] = [
  [/^(user|username|id|subject)$/i, ['alice', 'alice', 'bob', 'billing', 'main']],
  [/^(name|group|groups)$/i, ['billing', 'billing', 'main', 'alice', 'orders']],
  [/password/i, [KNOWN.password, KNOWN.password, 'jolly-Hydrant-88-umbra']],
  [/^vhost$/i, ['prod']],
  [/^broker$/i, ['main']],
  [/^preset$/i, ['owner', 'consumer']],
  [/^tags$/i, ['management']],
  [/version/i, ['3.10', '4.3']],
  [/^(configure|write|read|prefix|resource)$/i, ['*', 'orders.*', 'queue:orders']],
  [/^(permission|action)$/i, ['write', 'read', 'configure']],
  [/^(from|to|since|until|before)$/i, ['2026-01-01T00:00:00Z']],
  [/^redirect_uri$/, ['https://app.example/callback', 'http://127.0.0.1:9/callback']],
  [/^client_id$/, ['app', 'service']],
  [/^client_secret$/, [STAND_INS[0]]],
  [/token$/, [STAND_INS[1], STAND_INS[2]]],
  [/^scope$/, ['openid', 'openid offline_access', 'rabbitmq.read:prod/*/*']],
  [/^csrf$/, [STAND_INS[3]]],
  [/^interaction$/, [STAND_INS[4], STAND_INS[5]]],
  [/^user_code$/, [STAND_INS[6]]],
  [/^decision$/, ['allow', 'deny']],
  [/^code_(?:challenge|verifier)$/, ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWBuF3mCFIHSs']],
  [/e?mail/i, ['alice@mail.example', 'bob@mail.example']],
]

/** Small numbers and what has the right name, as far as the schema takes them; strange things where it takes none. */
function tame(schema: TSchema, name: string): fc.Arbitrary<unknown> {
  const choices = schema['anyOf'] as TSchema[] | undefined
  if (choices) return fc.oneof(...choices.map((choice) => tame(choice, name)))
  if (schema['type'] === 'object') return objectOf(schema, tame)
  if (schema['type'] === 'array') return fc.array(tame(schema['items'] as TSchema, name), { maxLength: 2 })
  const named = RIGHT.filter(([pattern]) => pattern.test(name)).flatMap(([, values]) => values)
  const usable = [...named, 'orders', 60, 1, 600].filter((value) => Value.Check(schema, value))
  return usable.length > 0 && name !== 'to' ? fc.constantFrom(...usable) : wild(schema, name)
}

/** Anything, as often as not of the right type. Only where a backup goes is not left to chance. */
function wild(schema: TSchema, name: string): fc.Arbitrary<unknown> {
  if (name === 'to') return fc.constantFrom('/dev/null/copy.db', '\0', 'relative.db', '', 7, null)
  return fc.oneof(
    { weight: 9, arbitrary: typed(schema, name) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  )
}

function typed(schema: TSchema, name: string): fc.Arbitrary<unknown> {
  const choices = schema['anyOf'] as TSchema[] | undefined
  if (choices) return fc.oneof(...choices.map((choice) => wild(choice, name)))
  if ('const' in schema) return fc.constant(schema['const'])
  if (schema['type'] === 'object') return objectOf(schema, wild)
  if (schema['type'] === 'array') return fc.array(wild(schema['items'] as TSchema, name), { maxLength: 4 })
  if (schema['type'] === 'boolean') return fc.boolean()
  if (schema['type'] === 'null') return fc.constant(null)
  if (schema['type'] === 'integer' || schema['type'] === 'number')
    return fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 500, 1.5, 2 ** 53, -(2 ** 31)))
  return schema['type'] === 'string' ? text : fc.jsonValue({ maxDepth: 3 })
}

function objectOf(schema: TSchema, valueFor: typeof tame): fc.Arbitrary<Record<string, unknown>> {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, TSchema>)
  return fc.record(Object.fromEntries(properties.map(([name, each]) => [name, valueFor(each, name)])), {
    requiredKeys: (schema['required'] ?? []) as string[],
  })
}

/** One member changed, added or left out. */
function spoiled(schema: TSchema): fc.Arbitrary<unknown> {
  const value = tame(schema, '')
  return fc.oneof(
    fc
      .tuple(value, text, fc.jsonValue({ maxDepth: 1 }))
      .map(([whole, name, more]) => ({ ...Object(whole), [name]: more })),
    fc.tuple(value, fc.nat()).map(([whole, at]) => {
      const members = Object.entries(Object(whole))
      return Object.fromEntries(members.toSpliced(at % (members.length + 1), 1))
    }),
  )
}

const MEDIA = {
  json: 'application/json',
  'merge-patch': 'application/merge-patch+json',
  form: 'application/x-www-form-urlencoded',
  parameters: 'application/x-www-form-urlencoded',
} as const

function bodyFor(endpoint: Endpoint): fc.Arbitrary<{ readonly type: string; readonly body: string }> {
  const { takes = 'json', body = takes === 'parameters' ? OAuthParameters : undefined } = endpoint
  const shaped = body
    ? fc.oneof(tame(body, ''), tame(body, ''), spoiled(body), wild(body, ''))
    : fc.jsonValue({ maxDepth: 3 })
  const written = shaped.map((value) => (MEDIA[takes] === MEDIA.form ? formOf(value) : JSON.stringify(value)))
  const garbage = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.constantFrom('', '{', '[]', 'null', '{"a":1,"a":2}'),
  )
  const nested = fc.constantFrom(100, 5_000).map((depth) => '['.repeat(depth) + ']'.repeat(depth))
  const prototype = fc.constant('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}')
  const strangeTypes = [
    '',
    'text/plain',
    'application/json; charset=utf-16',
    'multipart/form-data; boundary=x',
    'a/b;;=',
    '*/*',
  ]
  return fc.record({
    type: fc.oneof(
      { weight: 12, arbitrary: fc.constant(MEDIA[takes]) },
      { weight: 1, arbitrary: fc.constantFrom(...Object.values(MEDIA), ...strangeTypes) },
    ),
    body: fc.oneof(
      { weight: 8, arbitrary: written },
      { weight: 1, arbitrary: garbage },
      { weight: 1, arbitrary: fc.oneof(nested, prototype) },
    ),
  })
}

function formOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const form = new URLSearchParams()
  for (const [name, each] of Object.entries(value)) {
    const values: unknown[] = Array.isArray(each) ? each : [each]
    for (const one of values) form.append(name, typeof one === 'string' ? one : JSON.stringify(one))
  }
  return form.toString()
}

function queryFor({ takes, query }: Endpoint): fc.Arbitrary<string> {
  const schema = query ?? (takes === 'parameters' ? OAuthParameters : undefined)
  const right = schema ? tame(schema, '').map((value) => `?${formOf(value)}`) : forPages
  const names = Object.keys((schema?.['properties'] ?? {}) as object)
  const name = names.length > 0 ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...names) }, text) : text
  const pair = fc.tuple(name, text).map(([key, value]) => `${encoded(key)}=${encoded(value)}`)
  const broken = fc.constantFrom('%', '%ff=%ff', '&&&', '=', '?', 'limit', '#x', '%u0041=1')
  return fc.oneof(
    { weight: 5, arbitrary: right },
    { weight: 4, arbitrary: fc.array(pair, { maxLength: 5 }).map((pairs) => `?${pairs.join('&')}`) },
    { weight: 1, arbitrary: broken.map((query) => `?${query}`) },
  )
}

/** Pages read their queries themselves. */
const forPages = fc.constantFrom(
  '',
  `?interaction=${STAND_INS[4]}`,
  `?interaction=${STAND_INS[5]}`,
  `?user_code=${STAND_INS[6]}`,
)

/** Lone surrogates have no encoding; what else there is travels as it is. */
export function encoded(value: string): string {
  return encodeURIComponent(value.toWellFormed())
}

/** Dots alone would be taken away by the client; they are sent by hand elsewhere. */
function pathFor(path: string): fc.Arbitrary<string> {
  const parts = path.split('/').map((part): fc.Arbitrary<string> => {
    const [, name, verb = ''] = /^:([A-Za-z]+)(:[a-z-]+)?$/.exec(part) ?? []
    if (name === undefined) return fc.constant(part)
    const segment = fc.oneof(
      { weight: 5, arbitrary: tame(Type.String(), name).map((value) => encoded(String(value))) },
      { weight: 4, arbitrary: text.map(encoded) },
      { weight: 1, arbitrary: fc.constantFrom('%ff', '%', '%c0%af', '%ed%a0%80') },
    )
    return segment.filter((each) => !/^\.{0,2}$/.test(each)).map((each) => each + verb)
  })
  return fc.tuple(...parts).map((segments) => segments.join('/'))
}

/** Any request to this endpoint. */
export function requestTo(endpoint: Endpoint, senders: readonly Sender[] = SENDERS): fc.Arbitrary<FuzzedRequest> {
  const parts = {
    sender: fc.constantFrom(
      ...senders,
      ...senders.slice(3),
      ...(endpoint.access === 'operator' ? senders.slice(-3) : []),
      ...(endpoint.errors === 'page' ? senders.slice(1, 2).flatMap((each) => [each, each, each, each]) : []),
    ),
    path: pathFor(endpoint.path),
    query: queryFor(endpoint),
    more: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }),
    content: endpoint.method === 'GET' ? fc.constant(undefined) : bodyFor(endpoint),
  }
  return fc.record(parts).map(({ sender, path, query, more, content }) => ({
    sender,
    path: path + query,
    headers: { ...(content && { 'content-type': content.type }), ...more },
    body: content?.body,
  }))
}
