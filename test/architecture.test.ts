/**
 * The rules of the house, executed: who may import whom, how long a file may be, and what never appears.
 * Imports are matched as text on purpose, because a transpiler drops `import type`. A fault reads `file:line: what`.
 */
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Zone, ZONES } from './harness/import-table.ts'
import { type Import, importsOf, readSources, type Source, withoutComments } from './harness/sources.ts'

const root = join(import.meta.dir, '..')
const everything = readSources(root)
const typescript = everything.filter(({ path }) => /\.tsx?$/.test(path))
const scripts = everything.filter(({ path }) => /^\.ci\/[a-z]+$/.test(path))

const TOP_LEVEL = [
  'package.json',
  'bunfig.toml',
  'tsconfig.json',
  'bun.lock',
  'src',
  'plugins',
  'test',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
]
const SRC_FILES = [
  'main.ts',
  'server.ts',
  'plugin-workshop.ts',
  'clients-of-config.ts',
  'builtin-plugins.ts',
  'generations.ts',
  'log.ts',
  'mail.ts',
  'outbound.ts',
  'readiness.ts',
  'settings-of-config.ts',
  'assets.d.ts',
  'README.md',
]
const SRC_FOLDERS = ['plugin', 'core', 'http', 'web', 'host', 'config', 'cli', 'processes']

interface Ban {
  readonly what: string
  readonly pattern: RegExp
  readonly where: RegExp
  readonly except?: RegExp
  /** Also in comments. */
  readonly comments?: true
}
const EVERYWHERE = /^(?:src|plugins|test|\.ci)\//
const PURE = /^(?:src\/core|plugins)\//
const BANS: readonly Ban[] = [
  { what: 'the type `any`', pattern: /(?:[:<,|&=]|=>|\bas)\s*any(?:\[\])*\s*(?=[,;)>|&=\]]|$)/, where: EVERYWHERE },
  { what: 'a silenced type error', pattern: /@ts-(?:ignore|nocheck)/, where: EVERYWHERE, comments: true },
  {
    what: 'an expected type error outside a test',
    pattern: /@ts-expect-error/,
    where: /^(?:src|plugins)\//,
    comments: true,
  },
  { what: 'unfinished work', pattern: /\b(?:TO(?:DO)|FIX(?:ME))\b/, where: EVERYWHERE, comments: true },
  { what: 'the real clock', pattern: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, where: PURE },
  { what: 'the environment', pattern: /\bprocess\.env\b|\bBun\.env\b/, where: PURE },
  { what: 'the console', pattern: /\bconsole\./, where: /^(?:src\/(?:core|plugin|http|config|host)|plugins)\// },
  { what: 'weak randomness', pattern: /\bMath\.random\b/, where: /^(?:src|plugins)\// },
  {
    what: 'HTTP in the domain',
    pattern: /\b(?:Request|Response|Headers|fetch)\b(?=[\s(<,)|;>]|$)/,
    where: /^src\/core\//,
  },
  { what: 'a test run alone', pattern: /\b(?:test|it|describe)\.only\(/, where: /^test\// },
  // The harness may skip aloud what this machine cannot run.
  { what: 'a test switched off', pattern: /\.(?:skip|to(?:do))\(/, where: /^test\//, except: /^test\/harness\// },
  { what: 'a mocked module of our own', pattern: /\bmock\.modul(?:e)\b/, where: /^test\// },
  {
    what: 'waiting by the clock',
    pattern: /\bset(?:Timeout|Interval)\b|\bslee(?:p)\s*\(/,
    where: /^test\//,
    except: /^test\/harness\//,
  },
]

test('every folder imports only what its row of the table allows', () => {
  const faults = typescript.flatMap((source) => {
    const zone = zoneOf(source.path)
    if (!zone) return []
    return importsOf(source)
      .filter((found) => !allowed(found, zone))
      .map(({ file, line, target }) => `${file}:${line}: must not import ${target}`)
      .map((fault) =>
        /^src\/cli.*src\/(?:host|builtin)/.test(fault) ? `${fault} (src/server.ts passes it on)` : fault,
      )
  })
  expect(faults).toEqual([])
})

test('the storage and login kits depend on the contract alone, so that plugin authors can run them', () => {
  const kits = typescript.filter(({ path }) => path.startsWith('test/conformance/') && !path.endsWith('.test.ts'))
  const faults = kits.flatMap((kit) =>
    importsOf(kit)
      .filter(
        ({ target }) =>
          !/^(?:test\/conformance\/|src\/plugin\/index\.ts$|bun(?::test)?$|node:|@sinclair\/typebox|fast-check$)/.test(
            target,
          ),
      )
      .map(({ file, line, target }) => `${file}:${line}: must not import ${target}`),
  )
  expect(faults).toEqual([])
})

test('only the plugin host imports a module by a computed name', () => {
  const faults = typescript
    .filter(({ path }) => /^(?:src|plugins)\//.test(path) && !path.startsWith('src/host/'))
    .flatMap((source) => lines(source, source.code, /\bimport\s*\(\s*[^'"\s)]/, 'must not import by a computed name'))
  expect(faults).toEqual([])
})

test('what ships uses only packages that are declared as dependencies', () => {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  const faults = typescript
    .filter(({ path }) => /^(?:src|plugins)\//.test(path))
    .flatMap(importsOf)
    // The kits are part of the executable: `leveret plugin test` runs them.
    .filter(
      ({ target }) =>
        !/^(?:src|plugins|test\/conformance)\/|^leveret\/plugin$|^bun$|^(?:bun|node):|^package\.json$/.test(target),
    )
    .filter(({ target }) => !(packageOf(target) in manifest.dependencies))
    .map(({ file, line, target }) => `${file}:${line}: ${target} is not among the dependencies in package.json`)
  expect(faults).toEqual([])
})

test('the top level and src hold nothing unexpected', () => {
  const ignored = readFileSync(join(root, '.gitignore'), 'utf8')
    .split('\n')
    .map((line) => line.replaceAll('/', ''))
  const top = readdirSync(root).filter(
    (name) => !name.startsWith('.') && !TOP_LEVEL.includes(name) && !ignored.includes(name) && !name.endsWith('.log'),
  )
  const inSrc = readdirSync(join(root, 'src')).filter(
    (name) => !SRC_FILES.includes(name) && !SRC_FOLDERS.includes(name),
  )
  expect({ top, inSrc }).toEqual({ top: [], inSrc: [] })
})

test('no file is longer than 300 lines, no line wider than 140 characters', () => {
  const sentence = /^\s*(['"`]).*\1,?$/ // a message that a test expects is not torn apart
  const faults = [...typescript, ...scripts].flatMap(({ path, text }) => {
    const rows = text.trimEnd().split('\n')
    const wide = rows.flatMap((row, at) =>
      row.length > 140 && !sentence.test(row) ? [`${path}:${at + 1}: ${row.length} characters wide`] : [],
    )
    return rows.length > 300 ? [`${path}: ${rows.length} lines long`, ...wide] : wide
  })
  expect(faults).toEqual([])
})

test('names say what a file owns', () => {
  const faults = typescript.flatMap(({ path }) => [
    ...(/(?:^|\/)(?:utils?|helpers?|common|misc)(?:\/|\.)/.test(path) ? [`${path}: a drawer, not a name`] : []),
    ...(/^(?:.*\/)?[a-z0-9.-]+\.tsx?$/.test(path) ? [] : [`${path}: not kebab-case`]),
    ...(path.endsWith('/index.ts') && !/^(?:src\/plugin|plugins\/[a-z]+\/[a-z0-9-]+)\/index\.ts$/.test(path)
      ? [`${path}: index.ts is only for src/plugin and for the folder of a plugin`]
      : []),
  ])
  expect(faults).toEqual([])
})

test('the only barrel is src/plugin/index.ts', () => {
  const faults = typescript
    .filter(({ path }) => path !== 'src/plugin/index.ts')
    .flatMap((source) => lines(source, source.code, /^\s*export\s*\*/, 'must not re-export everything'))
  expect(faults).toEqual([])
})

for (const { what, pattern, where, except, comments } of BANS) {
  test(`${what} does not appear`, () => {
    const faults = typescript
      .filter(({ path }) => where.test(path) && !except?.test(path))
      .flatMap((source) => lines(source, comments ? source.text : source.code, pattern, what))
    expect(faults).toEqual([])
  })
}

test('no file names a folder of somebody’s machine or a package registry', () => {
  const machine =
    /(?<![\w.$)}/-])\/(?:work|opt|root|tmp|home\/\w+)\/|registry\.[a-z]+\.|(?:npm|registry|packages?)\.[a-z-]+\.(?:com|org|net|io|internal)/
  const faults = [...everything].flatMap((source) => lines(source, source.text, machine, 'belongs to one machine only'))
  expect(faults).toEqual([])
})

test('the import scanner sees every spelling and no prose', () => {
  const text = [
    "import type { A } from '#plugin'",
    "import {\n  b,\n} from '../core/world.ts'",
    "import './side-effect.ts'",
    "export { c } from 'jose'",
    "type D = import('elysia').Elysia",
    "// differs from 'elysia'",
    'const message = "not from \'drizzle-orm\'"',
  ].join('\n')
  const seen = importsOf({ path: 'src/http/x.ts', text, code: withoutComments(text) })
  expect(seen.map(({ target, typeOnly }) => (typeOnly ? `type ${target}` : target))).toEqual([
    'type src/plugin/index.ts',
    'src/core/world.ts',
    'src/http/side-effect.ts',
    'jose',
    'type elysia',
  ])
})

function zoneOf(path: string): Zone | undefined {
  const folder = Object.keys(ZONES).find((name) => path.startsWith(`${name}/`))
  const zone = folder === undefined ? undefined : ZONES[folder]
  const plugin = /^plugins\/[^/]+\/[^/]+/.exec(path)?.[0]
  return zone && plugin !== undefined ? { ...zone, own: [...zone.own, plugin] } : zone
}

function allowed({ target, typeOnly }: Import, { own, packages, types = [] }: Zone): boolean {
  const ours = /^(?:\.\.|src|plugins|test|package\.json)(?:\/|$)/.test(target)
  if (!ours) return packages.test(target)
  const within = (folder: string): boolean => target === folder || target.startsWith(`${folder}/`)
  return own.some(within) || (typeOnly && types.some(within))
}

function lines({ path }: Source, text: string, pattern: RegExp, what: string): string[] {
  return text
    .split('\n')
    .flatMap((row, at) => (pattern.test(row) ? [`${path}:${at + 1}: ${what}: ${row.trim().slice(0, 100)}`] : []))
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
