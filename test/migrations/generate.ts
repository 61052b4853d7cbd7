/**
 * Writes migrations from the declarations of core: `bun test/migrations/generate.ts [--name WORDS] [--squash]`.
 *
 * For each dialect it compares the tables that the driver derives with the snapshot of the last run, and writes the
 * difference, the new snapshot and the module that embeds all files. Nothing is written where nothing differs.
 * `--squash` starts anew with one migration: only before the first release, for no database would survive it.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  generateDrizzleJson,
  generateMigration,
  generateSQLiteDrizzleJson,
  generateSQLiteMigration,
} from 'drizzle-kit/api'
import type { AnyCollection } from '#plugin'
import { collections } from '../../src/core/collections.ts'

interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  readonly snapshot: (tables: Record<string, unknown>) => Promise<object>
  readonly difference: (before: object | undefined, after: object) => Promise<string[]>
}
type SqliteSnapshot = Parameters<typeof generateSQLiteMigration>[0]
type PostgresSnapshot = Parameters<typeof generateMigration>[0]

/** A second dialect is generated as soon as its driver has a `tables.ts`. */
export const DIALECTS: readonly Dialect[] = [
  {
    name: 'sqlite',
    snapshot: (tables) => generateSQLiteDrizzleJson(tables),
    difference: async (before, after) =>
      generateSQLiteMigration(
        (before ?? (await generateSQLiteDrizzleJson({}))) as SqliteSnapshot,
        after as SqliteSnapshot,
      ),
  },
  {
    name: 'postgres',
    snapshot: async (tables) => generateDrizzleJson(tables),
    difference: (before, after) =>
      generateMigration((before ?? generateDrizzleJson({})) as PostgresSnapshot, after as PostgresSnapshot),
  },
]

export const root = join(import.meta.dir, '../..')

export function folderOf({ name }: Pick<Dialect, 'name'>): string {
  return join(root, 'plugins/storage', name)
}

/** Whether there is a driver of this dialect to generate for. */
export function hasDriver(dialect: Dialect): boolean {
  return existsSync(join(folderOf(dialect), 'tables.ts'))
}

/** The statements that lead from the checked-in snapshot to the declarations, and the snapshot they lead to. */
export async function driftOf(dialect: Dialect, from: 'snapshot' | 'nothing' = 'snapshot') {
  const { tablesOf } = (await import(join(folderOf(dialect), 'tables.ts'))) as {
    tablesOf: (collections: readonly AnyCollection[]) => Record<string, unknown>
  }
  const file = Bun.file(join(folderOf(dialect), 'migrations/snapshot.json'))
  const before: object | undefined = from === 'snapshot' && (await file.exists()) ? await file.json() : undefined
  const after = await dialect.snapshot(tablesOf(collections))
  return { statements: await dialect.difference(before, after), after }
}

async function generate(dialect: Dialect, name: string, squash: boolean): Promise<string> {
  const folder = join(folderOf(dialect), 'migrations')
  const { statements, after } = await driftOf(dialect, squash ? 'nothing' : 'snapshot')
  if (statements.length === 0) return `${dialect.name}: nothing differs`
  if (squash) rmSync(folder, { recursive: true, force: true })
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.sql'))
        .sort()
    : []
  const file = `${String(files.length + 1).padStart(4, '0')}_${name}.sql`
  await Bun.write(join(folder, file), `${statements.join('\n--> statement-breakpoint\n')}\n`)
  await Bun.write(join(folder, 'snapshot.json'), `${JSON.stringify(after, null, 2)}\n`)
  await Bun.write(join(folder, 'embedded.ts'), listing([...files, file]))
  return `${dialect.name}: wrote ${file}`
}

function listing(files: readonly string[]): string {
  const names = files.map((file) => `m${file.slice(0, 4)}`)
  return [
    '/** Written by `test/migrations/generate.ts`: every migration in order, as text inside the binary. */',
    ...files.map((file, at) => `import ${names[at]} from './${file}' with { type: 'text' }`),
    '',
    'export const migrations: readonly { readonly name: string; readonly sql: string }[] = [',
    ...files.map((file, at) => `  { name: '${file.slice(0, -4)}', sql: ${names[at]} },`),
    ']\n',
  ].join('\n')
}

if (import.meta.main) {
  const squash = process.argv.includes('--squash')
  const named = process.argv.indexOf('--name')
  const name =
    named > 0 ? (process.argv[named + 1] ?? 'change').replaceAll(/[^a-z0-9]+/g, '_') : squash ? 'init' : 'change'
  for (const dialect of DIALECTS.filter(hasDriver)) console.log(await generate(dialect, name, squash))
  process.exit()
}
