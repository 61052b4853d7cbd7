/** What was acknowledged is there after SIGKILL, whole; what was not is there whole or not at all. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import type { AnyRow, Storage } from '#plugin'
import { all, counters, kit, notes, words } from '../conformance/storage/collections.ts'
import { openSqlite, temporaryFolder } from '../harness/storage-sqlite.ts'

const ROUNDS = 10

/** Lets a process write until it acknowledged this many writes, kills it, and returns all that it acknowledged. */
async function writeAndDie(folder: string, round: number, enough: number): Promise<string[]> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'crash-writer.ts'), folder, String(round)], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const decoder = new TextDecoder()
  let text = ''
  let lines = 0
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true })
    lines = text.split('\n').length
    if (lines > enough) child.kill('SIGKILL')
  }
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')
  return text.split('\n').slice(0, -1)
}

async function readBack(storage: Storage) {
  const by = (rows: readonly AnyRow[], field: string) => new Map(rows.map((row) => [String(row[field]), row]))
  return {
    words: by(await all(storage, words, {}), 'select'),
    notes: by(await all(storage, notes, {}), 'id'),
    counts: by(await all(storage, counters, {}), 'key'),
  }
}

function missingFrom(
  { words, notes, counts }: Awaited<ReturnType<typeof readBack>>,
  lines: readonly string[],
): string[] {
  const moved = (a: string) => notes.has(a) && !words.has(a)
  return lines.filter((line) => {
    const [what, a = '', b = ''] = line.split(' ')
    if (what === 'count') return Number(counts.get(a)?.count ?? 0) < Number(b)
    if (what === 'moved') return !moved(a) || words.has(b)
    if (what === 'marked') return words.get(a)?.group !== 'g' || words.get(b)?.group !== 'g'
    return !(words.has(a) && words.has(b)) && !moved(a)
  })
}

test('nothing acknowledged is lost, and nothing is half there, when the process is killed again and again', async () => {
  using folder = temporaryFolder()
  const acknowledged: string[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    acknowledged.push(...(await writeAndDie(folder.path, round, 150 + 70 * round)))
    await using storage = await openSqlite(folder.path)
    await storage.migrate(kit)
    const found = await readBack(storage)
    expect(missingFrom(found, acknowledged)).toEqual([])
    const halves = [...found.words.keys()].filter((name) => {
      const other = name.replace(/[ab]$/, (half) => (half === 'a' ? 'b' : 'a'))
      return found.words.get(other)?.group !== found.words.get(name)?.group
    })
    expect(halves).toEqual([])
  }
  expect(acknowledged.length).toBeGreaterThan(ROUNDS * 200)
}, 60_000)
