/** A packed plugin is its folder in one file, and nothing that somebody else packed leads anywhere else. */
import { describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { join } from 'node:path'
import { pack, unpack } from '../../src/host/archive.ts'
import { checkPlugin } from '../../src/host/external.ts'
import { pinOf, readPluginFiles } from '../../src/host/files.ts'
import { copyOfExample } from '../harness/examples.ts'
import { temporaryFolder } from '../harness/plugins.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const LIMIT = 1_000_000

function refusal(archive: Uint8Array): string {
  try {
    unpack(archive, LIMIT)
    return 'taken'
  } catch (error) {
    return String(error)
  }
}

test('what is packed is what is unpacked, and the same files give the same bytes', () => {
  const files = new Map([
    ['plugin.json', bytes('{}')],
    ['empty', new Uint8Array()],
    ['lib/ä.ts', bytes('x'.repeat(512))],
    ['lib/data', crypto.getRandomValues(new Uint8Array(1_500))],
  ])
  const archive = pack(files)
  expect([...unpack(archive, LIMIT)].map(([path, text]) => [path, Buffer.from(text).toString('hex')])).toEqual(
    [...files].map(([path, text]) => [path, Buffer.from(text).toString('hex')]),
  )
  expect(Buffer.from(pack(files)).equals(Buffer.from(archive))).toBe(true)
})

test('tar can read it', async () => {
  await using folder = await temporaryFolder()
  await Bun.write(join(folder.path, 'x.tgz'), pack(new Map([['a/b', bytes('hello')]])))
  expect(await Bun.$`tar xzOf x.tgz a/b`.cwd(folder.path).text()).toBe('hello')
})

test('the pin of a packed plugin is what sha256sum prints, and it is what its folder is', async () => {
  await using folder = await temporaryFolder()
  const path = await copyOfExample(folder, 'people-python')
  const { files } = await readPluginFiles(path)
  const file = join(folder.path, 'people.leveret-plugin')
  await Bun.write(file, pack(files))
  expect(`${await pinOf(file)}  people.leveret-plugin\n`).toBe(
    await Bun.$`sha256sum people.leveret-plugin`.cwd(folder.path).text(),
  )
  const { ok, ...packed } = await checkPlugin(file)
  expect({ ok, ...packed }).toMatchObject({ ok: true, kind: 'login', type: 'people-python', version: '1.0.0' })
})

describe('an archive is refused that', () => {
  for (const path of ['../x', 'a/../../x', '/etc/x', 'a//x', './x', '', 'a\\x', 'a\nb'])
    test(`holds a file called ${JSON.stringify(path)}`, () => {
      // An empty name is the end of an archive.
      if (path === '') expect(unpack(pack(new Map([[path, bytes('x')]])), LIMIT).size).toBe(0)
      else expect(refusal(pack(new Map([[path, bytes('x')]])))).toContain('it holds a file called')
    })

  test('holds a link', async () => {
    await using folder = await temporaryFolder()
    await Bun.$`ln -s /etc/passwd link && tar czf x.tgz --format=ustar link`.cwd(folder.path).quiet()
    expect(refusal(await Bun.file(join(folder.path, 'x.tgz')).bytes())).toContain('it holds link, which is no file')
  })

  test('is damaged, cut off or no archive', () => {
    const tar = Buffer.from(Bun.gunzipSync(Buffer.from(pack(new Map([['a', bytes('x'.repeat(2_000))]])))))
    const changed = Buffer.from(tar)
    changed[3] = 65
    expect(refusal(gzipSync(changed))).toContain('it is damaged')
    expect(refusal(gzipSync(tar.subarray(0, 1_024)))).toContain('it is cut off')
    expect(refusal(bytes('hello'))).toContain('it is no packed plugin')
  })

  test('becomes larger than is taken', () => {
    expect(refusal(gzipSync(Buffer.alloc(LIMIT + 1)))).toContain('a larger one than is taken')
  })
})
