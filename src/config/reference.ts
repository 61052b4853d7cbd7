/** The manual page of the configuration, in Markdown, from the schema. */
import type { TSchema } from '@sinclair/typebox'
import { variableName } from './environment.ts'
import { ConfigSchema } from './schema.ts'

const INTRODUCTION = `The configuration is a TOML file, \`leveret.toml\` in the working directory unless \`--config\` or \`LEVERET_CONFIG\`
says otherwise. Unknown keys are refused. Durations are written as \`"500ms"\`, \`"30s"\`, \`"5m"\`, \`"24h"\`, \`"30d"\`, \`"2w"\`; sizes
as \`"64KiB"\`, \`"1MiB"\`. Relative paths start at the folder of the file.

A secret never stands in the file; the file says where it is: \`{ file = "/etc/leveret/master.key" }\` (mode 600) or
\`{ env = "NAME" }\`. The variable named in the tables below holds the secret itself; with \`_FILE\` added it holds a path.

Every key can be given by an environment variable, which then counts instead of the file. Lists are written as JSON or with
commas; \`[[login]]\`, \`[[clients]]\` and \`[[plugins]]\` as JSON, or key by key with a number as in
\`LEVERET_LOGIN_0_TYPE\`. A plugin's own keys follow the same rule: \`LEVERET_STORAGE_PATH\` is \`path\` in
\`[storage]\`. Without a file the environment alone is enough.`

/** Everything between the markers of the README. */
export function configReference(): string {
  const sections = sectionsOf(ConfigSchema, '')
  return [INTRODUCTION, ...sections.map(renderSection)].join('\n\n')
}

interface Section {
  readonly title: string
  readonly description: string
  readonly path: readonly string[]
  readonly schema: TSchema
}

function sectionsOf(schema: TSchema, prefix: string): Section[] {
  const top: Section = { title: 'Top level', description: 'Before the first table.', path: [], schema }
  return prefix === '' ? [top, ...tablesOf(schema, [])] : tablesOf(schema, [])
}

function tablesOf(schema: TSchema, path: readonly string[]): Section[] {
  return propertiesOf(schema).flatMap(([key, child]): Section[] => {
    const here = [...path, key]
    if (isTable(child)) {
      const own = { title: `[${here.join('.')}]`, description: child.description ?? '', path: here, schema: child }
      return propertiesOf(child).some(([, each]) => !isTable(each))
        ? [own, ...tablesOf(child, here)]
        : tablesOf(child, here)
    }
    if (!isListOfTables(child)) return []
    const items: TSchema = child['items']
    const title = `[[${here.join('.')}]]`
    return [{ title, description: items.description ?? '', path: [...here, '0'], schema: items }]
  })
}

function renderSection({ title, description, path, schema }: Section): string {
  const keys = propertiesOf(schema).filter(([, child]) => !isTable(child) && !isListOfTables(child))
  const required: readonly string[] = schema['required'] ?? []
  const rows = keys.map(([key, child]) => {
    const fallback = child.default === undefined ? (required.includes(key) ? 'required' : '') : code(child.default)
    return `| \`${key}\` | ${cell(typeOf(child))} | ${fallback} | \`${variableName([...path, key])}\` | ${cell(child.description ?? '')} |`
  })
  const heading = path.length === 0 ? title : `\`${title}\``
  const table = ['| key | type | default | environment | meaning |', '|---|---|---|---|---|', ...rows].join('\n')
  return `#### ${heading}\n\n${description}\n\n${table}`
}

function propertiesOf(schema: TSchema): [string, TSchema][] {
  const properties: Record<string, TSchema> = schema['properties'] ?? {}
  return Object.entries(properties)
}

function isTable(schema: TSchema): boolean {
  return schema['type'] === 'object'
}

function isListOfTables(schema: TSchema): boolean {
  return schema['type'] === 'array' && schema['items']['type'] === 'object'
}

function typeOf(schema: TSchema): string {
  if (schema.shape !== undefined) return schema.shape
  const { minimum, maximum } = schema
  if (schema['type'] !== 'integer') return String(schema['type'])
  if (minimum === undefined) return 'integer'
  return maximum === undefined ? `integer ≥ ${minimum}` : `integer ${minimum} to ${maximum}`
}

function code(value: unknown): string {
  return `\`${cell(JSON.stringify(value))}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
