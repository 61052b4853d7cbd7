/** What `README.md` of this folder names is there, and what is there it names. */
import { expect, test } from 'bun:test'
import { basename, join } from 'node:path'

const folder = import.meta.dir
const readme = await Bun.file(join(folder, 'README.md')).text()

interface Cited {
  readonly row: string
  /** Path below `test`, without its ending. */
  readonly file: string
  readonly title: string | undefined
}

/** The tests in the last cell of each row of a table. */
const cited: readonly Cited[] = readme.split('\n').flatMap((line) => {
  const [, row = '', ...cells] = line.split(/(?<=^| )\|(?= |$)/).map((cell) => cell.trim())
  const last = cells.at(-2) ?? ''
  return [...last.matchAll(/`([\w/-]+)`(?: “([^”]+)”)?/g)].map(([, name = '', title]) => {
    return { row, file: name.includes('/') ? name : `attacks/${name}`, title }
  })
})

const textOf = (file: string) => Bun.file(join(folder, '..', `${file}.test.ts`)).text()

test.each(cited.map(({ row, file, title }) => [row, file, title ?? `row ${row}`, title === undefined] as const))(
  'row %s finds in %s: %s',
  async (row, file, title, numbered) => {
    const text = (await textOf(file)).replaceAll('\\', '')
    expect([file, title, numbered ? new RegExp(`\\brows? ${row}\\b`).test(text) : text.includes(title)]).toEqual([
      file,
      title,
      true,
    ])
  },
)

test('every row that a test of this folder is named by has that test', async () => {
  const named = new Set(cited.filter(({ title }) => title === undefined).map(({ row, file }) => `${row} ${file}`))
  const found: string[] = []
  for await (const name of new Bun.Glob('*.test.ts').scan(folder)) {
    const file = `attacks/${basename(name, '.test.ts')}`
    if (file === 'attacks/readme') continue
    for (const [, row] of (await textOf(file)).matchAll(/\brow (\d+)\b/g)) found.push(`${row} ${file}`)
  }
  expect(found.length).toBeGreaterThan(80)
  expect([...new Set(found)].filter((each) => !named.has(each))).toEqual([])
})

test('every row of the table has a test, or says that there is nothing to attack', () => {
  const rows = [...readme.matchAll(/^\| (\d+) \|.*\| (.*) \|$/gm)]
  expect(rows.map(([, row]) => Number(row))).toEqual(Array.from({ length: 52 }, (_, index) => index + 1))
  expect(rows.filter(([, , cell]) => !cell?.includes('`')).map(([, row]) => row)).toEqual(['25', '52'])
})
