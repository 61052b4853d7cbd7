/** The example plugins, in three languages, each in a process of its own. */
import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { copyOfExample, openLoginPlugin, peopleJson, peopleLines, ROUNDS, verify } from '../harness/examples.ts'
import { type DirectoryPerson, startDirectoryApi } from '../harness/directory-api.ts'
import { type Folder, temporaryFolder } from '../harness/plugins.ts'

setDefaultTimeout(30_000)

const PEOPLE = {
  anna: { id: 'p-1', password: 'correct horse', teams: ['billing'] },
  'bö"rt\\': { id: 'p-2', password: '秘密 $x `y`', teams: [] },
}
const signal = new AbortController().signal

const EXAMPLES = {
  'people-python': async (folder: Folder) => {
    await folder.write('people.json', peopleJson(PEOPLE))
    return { config: { file: 'people.json', rounds: ROUNDS }, groups: ['billing'] }
  },
  'people-shell': async (folder: Folder) => {
    await folder.write('people.txt', peopleLines(PEOPLE))
    return { config: { file: 'people.txt' }, groups: [] }
  },
} as const

for (const [name, prepare] of Object.entries(EXAMPLES)) {
  test(`${name} logs people in`, async () => {
    await using folder = await temporaryFolder()
    const { config, groups } = await prepare(folder)
    await using plugin = await openLoginPlugin(await copyOfExample(folder, name), folder, config)
    expect(plugin.host.plugins).toMatchObject([{ kind: 'login', type: name, runtime: 'process' }])
    const { source } = plugin
    const anna = { ok: true as const, identity: { externalId: 'p-1', username: 'anna', groups: [...groups] } }
    expect(await verify(source, 'anna', 'correct horse')).toEqual(anna)
    expect(await verify(source, 'bö"rt\\', '秘密 $x `y`')).toMatchObject({ ok: true, identity: { externalId: 'p-2' } })
    for (const [username, password] of [
      ['anna', 'wrong'],
      ['anna', ''],
      ['berta', 'correct horse'],
      ['', ''],
      ['a*', 'correct horse'],
    ] as const)
      expect(await verify(source, username, password)).toEqual({ ok: false, why: 'credentials' })
    expect(await source.health?.()).toEqual({ ok: true })
    await plugin[Symbol.asyncDispose]() // what it tried is heard of before it is gone
    expect(plugin.refused).toEqual([])
  })

  test(`${name} says why it cannot be opened`, async () => {
    await using folder = await temporaryFolder()
    const { config } = await prepare(folder)
    const opening = openLoginPlugin(await copyOfExample(folder, name), folder, { ...config, file: 'nothing' })
    const sentence = await opening.then(
      () => 'opened',
      (error: Error) => error.message,
    )
    expect(sentence).toContain(`Cannot open login[0] (login "${name}"): its file of people cannot be read`)
  })
}

test('people-python answers whether somebody is still there', async () => {
  await using folder = await temporaryFolder()
  const { config } = await EXAMPLES['people-python'](folder)
  await using plugin = await openLoginPlugin(await copyOfExample(folder, 'people-python'), folder, config)
  const refresh = (externalId: string) => plugin.source.refresh?.({ externalId, username: 'anna', signal })
  expect(await refresh('p-1')).toMatchObject({ ok: true, identity: { groups: ['billing'] } })
  expect(await refresh('p-9')).toEqual({ ok: false, why: 'credentials' })
  await folder.write('people.json', peopleJson({}))
  expect(await refresh('p-1')).toEqual({ ok: false, why: 'credentials' })
})

describe('directory-api', () => {
  const anna: DirectoryPerson = {
    id: 'u/1',
    login: 'anna',
    password: 'correct horse',
    mail: 'anna@corp.example',
    teams: ['billing'],
    active: true,
  }
  const opened = async (people: readonly DirectoryPerson[], more: object = {}) => {
    const stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder())
    const api = stack.use(startDirectoryApi(people))
    const config = { url: `${api.url}/`, key: api.key, ...more }
    const plugin = stack.use(await openLoginPlugin(await copyOfExample(folder, 'directory-api'), folder, config))
    return { api, ...plugin, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  }

  test('logs people in and asks whether they are still there', async () => {
    await using plugin = await opened([anna])
    const identity = { externalId: 'u/1', username: 'anna', groups: ['billing'], email: 'anna@corp.example' }
    const refresh = () => plugin.source.refresh?.({ externalId: 'u/1', username: 'anna', signal })
    expect(await verify(plugin.source, 'anna', 'correct horse')).toEqual({ ok: true, identity })
    expect(await verify(plugin.source, 'anna', 'wrong')).toEqual({ ok: false, why: 'credentials' })
    expect(await verify(plugin.source, 'berta', 'correct horse')).toEqual({ ok: false, why: 'credentials' })
    expect(await refresh()).toEqual({ ok: true, identity })
    plugin.api.people.set('anna', { ...anna, active: false })
    expect(await refresh()).toEqual({ ok: false, why: 'disabled' })
    plugin.api.people.clear()
    expect(await refresh()).toEqual({ ok: false, why: 'credentials' })
    expect(plugin.refused).toEqual([])
  })

  test('is unavailable when the directory is', async () => {
    await using plugin = await opened([anna], { timeout: 300 })
    for (const how of ['broken', 'nonsense', 'silent'] as const) {
      plugin.api.behave(how)
      expect(await verify(plugin.source, 'anna', 'correct horse')).toMatchObject({ ok: false, why: 'unavailable' })
    }
    plugin.api.behave('well')
    expect(await verify(plugin.source, 'anna', 'correct horse')).toMatchObject({ ok: true })
  })
})
