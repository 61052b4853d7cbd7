/**
 * The sidecar protocol: one JSON object a line, the server's on the plugin's standard input, the plugin's on its standard
 * output. Standard error is free text and goes to the server's log.
 */
import { type Static, type TSchema, Type as t } from '@sinclair/typebox'
import { PLUGIN_METHODS, SERVER_METHODS } from './methods.ts'

/** The version of the protocol. The server offers this one; a plugin that does not speak it refuses. */
export const PROTOCOL = 1

const id = t.Integer({ minimum: 1 })
const params = t.Record(t.String(), t.Unknown())
const error = t.Object({
  name: t.Optional(t.String({ description: 'TypeError, RangeError, InvalidCursor or SchemaTooNew have a meaning' })),
  message: t.String(),
})
const Answer = t.Union([t.Object({ id, result: t.Unknown() }), t.Object({ id, error })])

const Hello = t.Object({
  hello: t.Object({
    protocol: t.Literal(PROTOCOL),
    server: t.String({ description: 'Name and version of the contract, for the log' }),
    instance: t.String({ description: 'The id of this login source in the configuration' }),
    config: params,
    dataDir: t.String({ description: 'Relative paths in the configuration start here' }),
  }),
})
const Cancel = t.Object({ cancel: id })
const Ping = t.Object({ ping: t.Integer() })
const Shutdown = t.Object({
  shutdown: t.Object({ deadline: t.Integer({ description: 'Milliseconds until SIGKILL' }) }),
})

const HelloBack = t.Object({
  hello: t.Object({
    protocol: t.Literal(PROTOCOL),
    id: t.String({ description: 'The id of the manifest' }),
    capabilities: t.Array(t.String(), { maxItems: 64 }),
  }),
})
const Refused = t.Object({ refused: t.String({ description: 'Why it cannot be opened, one sentence' }) })
const Pong = t.Object({ pong: t.Integer() })
const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const Log = t.Object({
  log: t.Object({
    level: t.Union(LEVELS.map((level) => t.Literal(level))),
    message: t.String(),
    fields: t.Optional(t.Record(t.String(), t.Union([t.String(), t.Number(), t.Boolean(), t.Null()]))),
  }),
})
const Changed = t.Object({ changed: t.Array(t.String()) })
const Request = t.Object({ id, method: t.String(), params, deadline: t.Optional(t.Integer({ minimum: 0 })) })

/** Lines that the server writes. */
export const ToPlugin = t.Union([Hello, Request, Answer, Cancel, Ping, Shutdown])
/** Lines that a plugin writes. */
export const FromPlugin = t.Union([HelloBack, Refused, Answer, Request, Pong, Log, Changed])
export type ToPlugin = Static<typeof ToPlugin>
export type FromPlugin = Static<typeof FromPlugin>
export type Hello = Static<typeof Hello>['hello']
export type Answer = Static<typeof Answer>
export type Request = Static<typeof Request>

type Described = Readonly<Record<string, { readonly params: TSchema; readonly result: TSchema }>>

/** What `plugins/protocol` holds, by file name. */
export function publishedSchemas(): Readonly<Record<string, unknown>> {
  return {
    'to-plugin.json': document('A line from the server to a plugin', [
      Hello,
      ...requests(PLUGIN_METHODS, t.Integer({ description: 'Milliseconds the server waits' })),
      Answer,
      Cancel,
      Ping,
      Shutdown,
    ]),
    'from-plugin.json': document('A line from a plugin to the server', [
      HelloBack,
      Refused,
      Answer,
      ...requests(SERVER_METHODS),
      Pong,
      Log,
      Changed,
    ]),
    'results.json': {
      ...heading('The result of each method'),
      $defs: plain(
        Object.fromEntries(
          Object.entries<Described[string]>({ ...PLUGIN_METHODS, ...SERVER_METHODS }).map(([name, each]) => [
            name,
            each.result,
          ]),
        ),
      ),
    },
  }
}

function requests(methods: Described, deadline?: TSchema): TSchema[] {
  return Object.entries(methods).map(([name, each]) =>
    t.Object({ id, method: t.Literal(name), params: each.params, ...(deadline && { deadline }) }),
  )
}

function document(title: string, lines: TSchema[]): unknown {
  return { ...heading(title), ...plain(t.Union(lines)) }
}

export function heading(title: string): Record<string, unknown> {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title }
}

/** Without the symbols that make it TypeBox's. */
export function plain(schema: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema)) as Record<string, unknown> // an object stays one
}
