/**
 * `plugin.json`: what a plugin is and what it needs, said without running anything of it. A module may do without one;
 * an executable and whatever needs permissions has one.
 */
import { type Static, type TSchema, Type as t } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { checkValue } from '../config/check.ts'
import { heading, plain } from './process/messages.ts'
import { oneLine, PluginError } from './plugin-error.ts'
import { schemaOfJson } from './schema-of-json.ts'

export const MANIFEST = 'plugin.json'

const places = (description: string) =>
  t.Array(t.String({ minLength: 1 }), { default: [], description, expect: 'a list' })

export const Permissions = t.Object(
  {
    net: t.Array(
      t.String({
        pattern: '^(?:\\{[A-Za-z0-9_]+\\}|(?:[A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\]|\\*):(?:[0-9]{1,5}|\\*))$',
        expect: 'host:port',
      }),
      {
        default: [],
        description: 'Where it connects to: `host:port`, or `{key}` for what this key of the configuration says',
      },
    ),
    read: places('Files and folders it reads; relative ones start in the data folder; `{key}` as above'),
    write: places('Files and folders it also writes'),
    env: places('Variables of the server that it sees'),
    run: t.Union([t.Literal(false), t.Array(t.String({ pattern: '^/', expect: 'an absolute path' }))], {
      default: false,
      description: 'Programs it starts, absolute paths; `false`: none, not even a second process',
      expect: 'false or a list of absolute paths',
    }),
  },
  { default: {}, additionalProperties: false, expect: 'a table' },
)
export type Permissions = Static<typeof Permissions>

export const ManifestSchema = t.Object(
  {
    $schema: t.Optional(t.String()),
    id: t.String({
      pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
      expect: 'lower-case letters, digits and hyphens',
      description: 'The `type` in the configuration',
    }),
    version: t.String({ pattern: '^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$', expect: 'a version such as "1.0.0"' }),
    description: t.Optional(t.String({ maxLength: 300 })),
    kind: t.Union([t.Literal('login'), t.Literal('storage')], { expect: '"login" or "storage"' }),
    apiVersion: t.Integer({ minimum: 1, description: 'Version of the contract, for an executable of the protocol' }),
    entry: t.String({ minLength: 1, description: 'A module (.ts, .js) or an executable, inside the folder' }),
    runtime: t.Union([t.Literal('in-process'), t.Literal('process')], {
      default: 'in-process',
      expect: '"in-process" or "process"',
      description: 'Inside the server, or as a process of its own behind its permissions',
    }),
    permissions: Permissions,
    config: t.Optional(
      t.Record(t.String(), t.Unknown(), { description: 'JSON Schema of its section; a module exports its own' }),
    ),
  },
  { additionalProperties: false, expect: 'a JSON object' },
)
export type Manifest = Static<typeof ManifestSchema>

/** `plugins/protocol/manifest.json`: as authors write it, what has a default left out or not. */
export function publishedManifest(): unknown {
  return { ...heading('plugin.json: what a plugin is and what it needs'), ...asWritten(plain(ManifestSchema)) }
}

function asWritten(schema: Record<string, unknown>): Record<string, unknown> {
  const { properties, required } = schema
  if (typeof properties !== 'object' || properties === null || !Array.isArray(required)) return schema
  const fields = Object.entries(properties).map(([name, each]): [string, Record<string, unknown>] => [
    name,
    asWritten(each),
  ])
  const optional = new Set(fields.filter(([, each]) => 'default' in each).map(([name]) => name))
  return {
    ...schema,
    properties: Object.fromEntries(fields),
    required: required.filter((name: unknown) => !optional.has(String(name))),
  }
}

/** The manifest in these bytes, complete. Throws a `PluginError` with the first thing that is wrong. */
export function parseManifest(path: string, bytes: Uint8Array): Manifest {
  const wrong = (what: string, cause?: unknown) =>
    new PluginError('manifest', path, `its ${MANIFEST} is not right: ${oneLine(what)}`, { cause })
  let raw: unknown
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw wrong('it is not JSON', cause)
  }
  const { value, faults } = checkValue(ManifestSchema, raw)
  const [fault] = faults
  if (fault) throw wrong(fault.path === '' ? fault.message : `${fault.path} ${fault.message}`)
  const manifest = Value.Decode(ManifestSchema, value)
  configSchema(path, manifest.config ?? {})
  return manifest
}

/** The schema that the section of this plugin is checked against. */
export function configSchema(path: string, json: unknown): TSchema {
  try {
    return schemaOfJson(json)
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new PluginError('manifest', path, `the schema of its configuration cannot be used: ${oneLine(what)}`, {
      cause,
    })
  }
}

/** What a plugin without a manifest may do beyond running: nothing. */
export const NO_PERMISSIONS: Permissions = { net: [], read: [], write: [], env: [], run: false }
