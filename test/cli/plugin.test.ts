/** The commands for those who write plugins and those who take them in. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Workplace, workplace } from '../harness/command-line.ts'
import { copyOfExample } from '../harness/examples.ts'

setDefaultTimeout(30_000)

let place: Workplace
beforeEach(async () => {
  place = await workplace()
})
afterEach(() => place[Symbol.asyncDispose]())

const read = (name: string) => Bun.file(join(place.folder, name)).text()
const write = (name: string, text: string) => Bun.write(join(place.folder, name), text)

async function newServer(): Promise<void> {
  expect((await place.run(['init', '--yes'])).code).toBe(0)
}
async function packed(change: (manifest: string) => string = (same) => same): Promise<string> {
  if (!(await Bun.file(join(place.folder, 'acme/plugin.json')).exists()))
    await place.run(['plugin', 'new', 'acme', '--kind', 'login'])
  await write('acme/plugin.json', change(await read('acme/plugin.json')))
  return (await place.json<{ file: string }>(['plugin', 'pack', 'acme'])).file
}

describe('plugin new', () => {
  for (const words of [
    ['login', 'ts'],
    ['login', 'python'],
    ['storage', 'ts'],
    ['storage', 'python'],
  ])
    test(`makes a ${words.join(' in ')} that can be used at once`, async () => {
      const [kind = '', lang = ''] = words
      expect((await place.run(['plugin', 'new', 'acme', '--kind', kind, '--lang', lang])).code).toBe(0)
      expect(await place.json(['plugin', 'check', 'acme'])).toMatchObject({
        ok: true,
        kind,
        type: 'acme',
        runtime: 'process',
      })
      expect(await readdir(join(place.folder, 'acme'))).toContain('README.md')
      expect(await read('acme/README.md')).not.toContain('NAME')
    })

  test('writes over nothing, and takes no odd name', async () => {
    await place.run(['plugin', 'new', 'acme', '--kind', 'login'])
    expect(await place.run(['plugin', 'new', 'acme', '--kind', 'login'])).toMatchObject({ code: 1 })
    expect(await place.run(['plugin', 'new', '../acme', '--kind', 'login'])).toMatchObject({ code: 2 })
    expect(await place.run(['plugin', 'new', 'other'])).toMatchObject({ code: 2 })
  })
})

describe('plugin test', () => {
  test('says of each case how it went, for people, as TAP and as JSON', async () => {
    await place.run(['plugin', 'new', 'acme', '--kind', 'login'])
    const words = ['plugin', 'test', 'acme', '--only', 'empty']
    const people = await place.run(words)
    expect(people.code).toBe(0)
    expect(people.out).toContain('ok      an empty name lets nobody in\n')
    expect(people.out).toEndWith('2 passed, 0 failed, 1 skipped\n')
    expect((await place.run([...words, '--tap'])).out).toStartWith('TAP version 14\n1..3\nok 1 - ')
    expect(await place.json(words)).toMatchObject({ kind: 'login', type: 'acme', passed: 2, failed: 0, skipped: 1 })
  })

  test('fails with a plugin that breaks a promise', async () => {
    await place.run(['plugin', 'new', 'acme', '--kind', 'login'])
    await write('acme/main.ts', (await read('acme/main.ts')).replace('person && right ?', 'person ?'))
    const { code, out } = await place.run(['plugin', 'test', 'acme', '--only', 'a wrong password'])
    expect(code).toBe(1)
    expect(out).toContain(
      'FAILED  a wrong password is "credentials"\n        BrokenPromise: Expected nobody to be let in',
    )
  })

  test('says what is wrong with kit.json', async () => {
    await place.run(['plugin', 'new', 'acme', '--kind', 'login'])
    await write('acme/kit.json', '{ "accounts": { "right": { "username": "anna" } } }')
    expect((await place.run(['plugin', 'test', 'acme'])).err).toContain('accounts.right.password is required')
    await write('acme/kit.json', '{}')
    expect((await place.run(['plugin', 'test', 'acme'])).err).toContain('kit.json has no "accounts"')
  })
})

describe('plugin add', () => {
  test('shows what the plugin may do, asks, keeps a copy and pins it', async () => {
    await newServer()
    const before = await read('leveret.toml')
    await packed((manifest) => manifest.replace('{}', '{ "net": ["{url}", "10.0.0.5:636"], "read": ["people.json"] }'))
    const refused = await place.run(['plugin', 'add', 'acme-0.1.0.leveret-plugin'], { answers: ['n'] })
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('connects to {url}, 10.0.0.5:636\n  reads people.json')
    expect(await read('leveret.toml')).toBe(before)

    const { code, out } = await place.run(['plugin', 'add', 'acme-0.1.0.leveret-plugin'], { answers: ['y'] })
    expect(code).toBe(0)
    const [, sha256 = ''] = /SHA-256 {2}(\w{64})/.exec(out) ?? []
    expect(await read('leveret.toml')).toBe(
      `${before}\n[[plugins]]\npath = "leveret-plugins/acme-0.1.0.leveret-plugin"\nsha256 = "${sha256}"\n`,
    )
    expect((await stat(join(place.folder, 'leveret.toml'))).mode & 0o777).toBe(0o644)
    expect(await place.json(['plugin', 'list'])).toContainEqual(
      expect.objectContaining({ type: 'acme', ok: true, sha256 }),
    )
  })

  test('adds nothing while nobody is there to allow it', async () => {
    await newServer()
    await packed()
    const before = await read('leveret.toml')
    const { code, err } = await place.run(['plugin', 'add', 'acme-0.1.0.leveret-plugin'])
    expect({ code, said: err.includes('nobody is there to allow it') }).toEqual({ code: 1, said: true })
    expect(await read('leveret.toml')).toBe(before)
  })

  test('replaces the older version, and the configuration keeps its comments and its order', async () => {
    await newServer()
    await packed()
    await place.run(['plugin', 'add', 'acme-0.1.0.leveret-plugin', '--yes', '--sandbox', 'auto'])
    await write('leveret.toml', `${await read('leveret.toml')}\n# the end\n[keys]\nrotateEvery = "20d"\n`)
    await packed((manifest) => manifest.replace('0.1.0', '0.2.0'))
    const { out } = await place.run(['plugin', 'add', 'acme-0.2.0.leveret-plugin', '--yes'])
    expect(out).toContain('login plugin "acme" 0.2.0')
    const text = await read('leveret.toml')
    expect(text).toContain('rotateEvery = "20d"')
    expect(text.match(/\[\[plugins\]\]/g)?.length).toBe(1)
    expect(text).toContain('acme-0.2.0')
    expect(await readdir(join(place.folder, 'leveret-plugins'))).toEqual(['acme-0.2.0.leveret-plugin'])
  })

  test('refuses what cannot be used, and a required sandbox that there is none of', async () => {
    await newServer()
    await write('broken.ts', "throw new Error('no licence')")
    const { code, out } = await place.run(['plugin', 'add', 'broken.ts', '--yes'])
    expect({ code, said: out.includes('no licence') }).toEqual({ code: 1, said: true })
    await write('inside.ts', "import { defineLoginSource } from 'leveret/plugin'\nexport default {}")
    expect((await place.run(['plugin', 'add', 'inside.ts', '--yes', '--sandbox', 'require'])).out).toContain(
      'its sandbox is required, and inside the server there is none',
    )
  })
})

test('plugin remove takes out what nobody uses, and nothing else', async () => {
  await newServer()
  await packed()
  await place.run(['plugin', 'add', 'acme-0.1.0.leveret-plugin', '--yes', '--login'])
  const used = await place.run(['plugin', 'remove', 'acme'])
  expect(used).toMatchObject({ code: 1 })
  expect(used.err).toContain('the login source "acme" still uses it')
  expect((await place.run(['plugin', 'remove', 'akme'])).err).toContain(
    'no plugin of the configuration is "akme"; known: acme',
  )
  await write('leveret.toml', (await read('leveret.toml')).replace('\n[[login]]\ntype = "acme"\n', ''))
  expect(await place.run(['plugin', 'remove', 'acme'])).toMatchObject({ code: 0 })
  expect(await read('leveret.toml')).not.toContain('[[plugins]]')
  expect(await readdir(join(place.folder, 'leveret-plugins'))).toEqual([])
})

test('plugin doctor opens what is configured and says what is wrong', async () => {
  await newServer()
  await copyOfExample({ path: place.folder }, 'people-python')
  await place.run(['plugin', 'add', 'people-python', '--yes', '--login'])
  await write('leveret.toml', `${await read('leveret.toml')}file = "nothing.json"\n`)
  const sick = await place.run(['plugin', 'doctor'])
  expect(sick.code).toBe(1)
  expect(sick.out).toContain('FAIL login source "people-python"')
  expect(sick.out).toContain('its file of people cannot be read')
  await write('leveret-data/nothing.json', '{}')
  const well = await place.run(['plugin', 'doctor'])
  expect(well).toMatchObject({ code: 0 })
  expect(well.out).toContain('  reads {file}')
  await write('people-python/more', 'x')
  expect((await place.run(['plugin', 'doctor'])).out).toContain('and pinned is')
})

test('plugin dev starts again with every change, and says what is wrong in between', async () => {
  await place.run(['plugin', 'new', 'acme', '--kind', 'login'])
  const program = place.start(['plugin', 'dev', 'acme', '--port', '0'])
  const said = await program.saw('out', /curl .*\n/)
  const [, url = ''] = /Listening on (\S+)/.exec(said) ?? []
  const login = async (password: string) => {
    const body = JSON.stringify({ username: 'anna', password, vhost: 'prod' })
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${url}/auth/session/login`, { method: 'POST', headers, body })).status
  }
  expect([await login('correct horse'), await login('wrong')]).toEqual([200, 401])
  const source = await read('acme/main.ts')
  await write('acme/main.ts', `${source}\nthis is no TypeScript`)
  await program.saw('out', /it cannot be parsed \(line \d+\).*\nWaiting for a change\./)
  await write('acme/main.ts', source.replace('person && right ?', 'person ?'))
  await program.saw('out', /Waiting for a change\.[^]*curl .*\n/)
  expect(await login('wrong')).toBe(200)
  program.kill('SIGTERM')
  expect(await program.exited).toBe(0)
})
