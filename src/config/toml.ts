/** Plain values as a TOML document; the platform reads TOML and does not write it. */

type Table = Readonly<Record<string, unknown>>

export function toToml(document: Table): string {
  return `${tableLines(document, '').join('\n').trim()}\n`
}

/** Keys first, then the tables below, each with its heading. */
function tableLines(table: Table, path: string): string[] {
  const entries = Object.entries(table).filter(([, value]) => value !== undefined)
  const below = entries.filter(([, value]) => isTable(value) || isListOfTables(value))
  const keys = entries
    .filter((entry) => !below.includes(entry))
    .map(([key, value]) => `${name(key)} = ${inline(value)}`)
  return [
    ...keys,
    ...below.flatMap(([key, value]) => {
      const here = path === '' ? name(key) : `${path}.${name(key)}`
      if (isTable(value)) return ['', `[${here}]`, ...tableLines(value, here)]
      return isListOfTables(value) ? value.flatMap((each) => ['', `[[${here}]]`, ...tableLines(each, here)]) : []
    }),
  ]
}

/** A table of one key, such as the place of a secret, reads better on one line. */
function isTable(value: unknown): value is Table {
  return isObject(value) && Object.keys(value).length !== 1
}

function isListOfTables(value: unknown): value is readonly Table[] {
  return Array.isArray(value) && value.length > 0 && value.every(isObject)
}

function isObject(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (!isObject(value)) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${name(key)} = ${inline(each)}`)
    .join(', ')} }`
}

function name(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key)
}
