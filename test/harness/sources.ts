/** Our own source files as the architecture test sees them: text, text without comments, imports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export interface Source {
  readonly path: string
  readonly text: string
  /** Comments blanked out, lines kept. */
  readonly code: string
}

export interface Import {
  readonly file: string
  readonly line: number
  /** A path from the top of the repository for our own files, the specifier as written for everything else. */
  readonly target: string
  readonly typeOnly: boolean
}

/** Every text file of the project below `root`, node_modules and what a build makes left out. */
export function readSources(root: string): Source[] {
  return ['src', 'plugins', 'test', '.ci'].flatMap((folder) => read(root, folder)).concat(read(root, '.', 1))
}

export function importsOf({ path, code }: Source): Import[] {
  const statement = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\sfrom\s*)?['"]([^'"\n]+)['"]/gm
  const call = /(=\s*|:\s*|\btypeof\s+)?\b(?:import|require)\s*\(\s*['"]([^'"\n]+)['"]/g
  const found = [...code.matchAll(statement), ...code.matchAll(call)]
  return found.map(({ 1: type, 2: specifier = '', index }) => ({
    file: path,
    line: code.slice(0, index).split('\n').length + (code.slice(index).match(/^\s*/)?.[0].split('\n').length ?? 1) - 1,
    target: resolve(specifier, path),
    typeOnly: type !== undefined,
  }))
}

/** Good enough for our own code: block comments anywhere, line comments that follow white space. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).replace(/(^|\s)\/\/.*$/gm, '$1')
}

function resolve(specifier: string, from: string): string {
  if (specifier === '#plugin') return 'src/plugin/index.ts'
  return specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : specifier
}

function read(root: string, folder: string, depth = Number.POSITIVE_INFINITY): Source[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return depth > 1 && entry.name !== 'node_modules' ? read(root, path, depth - 1) : []
    if (!entry.isFile() || !/\.(?:tsx?|json|toml|md|lock|sh|sql)$|^\.ci\/[a-z]+$/.test(path)) return []
    const text = readFileSync(join(root, path), 'utf8')
    return [{ path, text, code: withoutComments(text) }]
  })
}
