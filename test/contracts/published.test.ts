/** What plugin authors are promised is in the repository as the sources say it; a change of it is made on purpose. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { published } from './published.ts'

setDefaultTimeout(30_000)

const root = join(import.meta.dir, '../..')
const files = Object.entries(await published())

for (const [path, text] of files)
  test(`${path} is what the sources say; if they are meant to differ: bun run contracts`, async () => {
    expect(await Bun.file(join(root, path)).text()).toBe(text)
  })

test('plugins/protocol holds nothing else', async () => {
  const there = await readdir(join(root, 'plugins/protocol'))
  expect(there.map((name) => `plugins/protocol/${name}`).toSorted()).toEqual(
    files
      .map(([path]) => path)
      .filter((path) => path.startsWith('plugins/protocol/'))
      .toSorted(),
  )
})
