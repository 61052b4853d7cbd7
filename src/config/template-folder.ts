/** What an operator puts in place of our looks: a folder of files, read and checked as a whole. */
import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { type Static, Type as t } from '@sinclair/typebox'
import { checkValue } from './check.ts'
import { ConfigError, type Fault } from './fault.ts'

const Link = t.Object(
  {
    text: t.String({ minLength: 1, maxLength: 100 }),
    url: t.String({
      pattern: '^(?:https?://|mailto:|/(?![/\\\\]))',
      expect: 'an http, https or mailto URL, or a path',
    }),
  },
  { additionalProperties: false, expect: 'a table with text and url' },
)

const Brand = t.Object(
  {
    version: t.Literal(1, { expect: '1' }),
    productName: t.Optional(t.String({ minLength: 1, maxLength: 60 })),
    links: t.Array(Link, { default: [], maxItems: 12, expect: 'a list of links, [[links]]' }),
    /** Sentences by language, page and name. */
    texts: t.Record(t.String(), t.Record(t.String(), t.Record(t.String(), t.String())), { default: {} }),
  },
  { additionalProperties: false },
)

export interface TemplateFolder {
  readonly brand: Static<typeof Brand>
  /** Every other file by its name. */
  readonly files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>
}

const BRAND_FILE = 'brand.toml'
const TEXT = ['.mustache', '.css', '.svg']
const BINARY = ['.png', '.webp', '.woff2']
const NAME = /^[a-z_][a-z0-9-]*\.[a-z0-9]+$/
const MOST_FILES = 64
const MOST_BYTES = 1024 * 1024

/** Throws a `ConfigError` with every fault. */
export async function readTemplateFolder(folder: string): Promise<TemplateFolder> {
  const names = await list(folder)
  const faults: Fault[] = []
  const fault = (name: string, message: string) => void faults.push({ path: `web.templates/${name}`, message })
  const files: Record<string, string | Uint8Array<ArrayBuffer>> = {}
  let brand: Static<typeof Brand> = { version: 1, links: [], texts: {} }
  if (names.length > MOST_FILES) fault('', `holds ${names.length} files, and at most ${MOST_FILES} are read`)
  for (const name of names.slice(0, MOST_FILES)) {
    const path = join(folder, name)
    const kind = extname(name)
    if (name !== BRAND_FILE && (!NAME.test(name) || ![...TEXT, ...BINARY].includes(kind)))
      fault(name, `must be ${BRAND_FILE} or a file in lower case that ends in ${[...TEXT, ...BINARY].join(', ')}`)
    else if ((await stat(path)).size > MOST_BYTES) fault(name, 'must not be larger than 1 MiB')
    else if (name === BRAND_FILE) brand = parseBrand(await Bun.file(path).text(), fault) ?? brand
    else files[name] = TEXT.includes(kind) ? await Bun.file(path).text() : await Bun.file(path).bytes()
  }
  if (faults.length > 0) throw new ConfigError('the configuration', faults)
  return { brand, files }
}

async function list(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name)
  } catch (cause) {
    const message = `the folder ${folder} cannot be read`
    throw new ConfigError('the configuration', [{ path: 'web.templates', message }], { cause })
  }
}

function parseBrand(text: string, fault: (name: string, message: string) => void): Static<typeof Brand> | undefined {
  let raw: unknown
  try {
    raw = Bun.TOML.parse(text)
  } catch (error) {
    fault(BRAND_FILE, error instanceof Error ? error.message : String(error))
    return undefined
  }
  const { value, faults } = checkValue(Brand, raw)
  for (const { path, message } of faults) fault(`${BRAND_FILE} ${path}`.trim(), message)
  return faults.length === 0 ? (value as Static<typeof Brand>) : undefined
}
