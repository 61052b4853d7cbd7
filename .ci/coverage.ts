/** Line coverage over several test processes: a line counts as run if any of them ran it. */
import { join } from 'node:path'

/** How often each line was run, by line number. */
export type Lines = Map<number, number>

export interface Coverage {
  readonly covered: number
  readonly total: number
  readonly share: number
  /** The files with the most lines never run. */
  readonly worst: readonly { readonly path: string; readonly missed: number }[]
}

/** Adds one lcov report. */
export function addCoverage(all: Map<string, Lines>, lcov: string): void {
  let lines: Lines = new Map()
  for (const row of lcov.split('\n')) {
    if (row.startsWith('SF:')) {
      const path = row.slice(3)
      lines = all.get(path) ?? new Map()
      all.set(path, lines)
    } else if (row.startsWith('DA:')) {
      const [line = 0, count = 0] = row.slice(3).split(',').map(Number)
      lines.set(line, (lines.get(line) ?? 0) + count)
    }
  }
}

/** A file that no test ever loaded is not in any report; its lines count as never run. */
export async function coverageOf(root: string, folder: string, all: ReadonlyMap<string, Lines>): Promise<Coverage> {
  const paths = await Array.fromAsync(new Bun.Glob(`${folder}/**/*.ts`).scan(root))
  const files = await Promise.all(
    paths.map(async (path) => {
      const lines = all.get(path)
      if (!lines) return { path, total: await codeLines(join(root, path)), covered: 0 }
      return {
        path,
        total: lines.size,
        covered: lines
          .values()
          .filter((count) => count > 0)
          .toArray().length,
      }
    }),
  )
  const covered = files.reduce((sum, file) => sum + file.covered, 0)
  const total = files.reduce((sum, file) => sum + file.total, 0)
  const worst = files
    .map((file) => ({ path: file.path, missed: file.total - file.covered }))
    .filter(({ missed }) => missed > 0)
    .toSorted((a, b) => b.missed - a.missed)
    .slice(0, 8)
  return { covered, total, share: total === 0 ? 0 : covered / total, worst }
}

/** Types vanish when transpiled, so a file of declarations alone has no line that could run. */
async function codeLines(file: string): Promise<number> {
  const code = new Bun.Transpiler({ loader: 'ts' }).transformSync(await Bun.file(file).text())
  return code.split('\n').filter((line) => line.trim() !== '' && !/^\s*(?:import|export \{)/.test(line)).length
}
