/** What is really said between the server and plugins is what the published schemas describe, judged by somebody else. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import Ajv2020 from 'ajv/dist/2020.js'
import type { Storage } from '#plugin'
import { processPlugin } from '../../src/host/process/plugin.ts'
import { selfCommand } from '../../src/host/self.ts'
import { configSchema } from '../../src/host/manifest.ts'
import { runCase } from '../conformance/storage/case.ts'
import { storageCases } from '../conformance/storage/cases.ts'
import { startDirectoryApi } from '../harness/directory-api.ts'
import { peopleJson, ROUNDS, verify } from '../harness/examples.ts'
import { temporaryFolder } from '../harness/plugins.ts'
import { noCredentials, recorder } from '../harness/process-plugins.ts'
import { until } from '../harness/until.ts'
import { emptyInProcess } from '../harness/storage-process.ts'

setDefaultTimeout(30_000)

const plugins = join(import.meta.dir, '../../plugins')
const ajv = new Ajv2020({ strict: false })

async function schemaNamed(name: string): Promise<Record<string, unknown>> {
  return (await Bun.file(join(plugins, 'protocol', name)).json()) as Record<string, unknown>
}
const toPlugin = ajv.compile(await schemaNamed('to-plugin.json'))
const fromPlugin = ajv.compile(await schemaNamed('from-plugin.json'))
const { $defs: results } = (await schemaNamed('results.json')) as { $defs: Record<string, object> }
const resultOf = new Map(Object.entries(results).map(([method, schema]) => [method, ajv.compile(schema)]))

interface Message {
  readonly id?: number
  readonly method?: string
  readonly result?: unknown
}

/** Every line that no schema describes, and the kinds of message that went by. */
async function judge(file: string) {
  const asked = new Map<string, string>()
  const wrong: string[] = []
  const seen = new Set<string>()
  for (const line of (await Bun.file(file).text()).trim().split('\n')) {
    const [, pid = '', direction = '', text = ''] = /^(\d+)([<>])(.*)$/.exec(line) ?? []
    const message = JSON.parse(text) as Message
    const { id = 0, method, result } = message
    if (!(direction === '>' ? toPlugin : fromPlugin)(message)) wrong.push(line)
    if (method !== undefined) asked.set(`${pid}${direction}${id}`, method)
    const other = direction === '>' ? '<' : '>'
    const answers = result === undefined ? undefined : asked.get(`${pid}${other}${id}`)
    if (answers !== undefined && !resultOf.get(answers)?.(result)) wrong.push(`${line} (to ${answers})`)
    seen.add(`${direction}${method ?? (answers === undefined ? Object.keys(message)[0] : `${answers} answered`)}`)
  }
  return { wrong, seen }
}

async function tapped(command: readonly string[], config: object, dataDir: string) {
  const file = join(dataDir, 'traffic')
  const plugin = processPlugin({
    kind: 'login',
    type: command.join(' ').includes('people.py') ? 'people-python' : 'directory-api',
    config: configSchema('the test', {}),
    launch: async () => ({
      command: [process.execPath, join(import.meta.dir, '../harness/tap.ts'), file, ...command],
      env: {},
    }),
  })
  if (plugin.kind !== 'login') throw new Error('Cannot be: it is declared as a login source')
  const { log } = recorder()
  const lent = { id: 'corp', log, now: () => 0, signal: new AbortController().signal, dataDir }
  return { file, source: await plugin.open(config, { ...lent, credentials: noCredentials }) }
}

test('what a login source in Python says and hears', async () => {
  await using folder = await temporaryFolder()
  await folder.write('people.json', peopleJson({ anna: { id: 'p-1', password: 'x', teams: ['a'] } }))
  const command = [join(plugins, 'examples/people-python/people.py')]
  const { file, source } = await tapped(command, { file: 'people.json', rounds: ROUNDS }, folder.path)
  const signal = new AbortController().signal
  await Promise.all([verify(source, 'anna', 'x'), verify(source, 'anna', 'y')])
  await source.refresh?.({ externalId: 'p-1', username: 'anna', signal })
  await source[Symbol.asyncDispose]()
  const { wrong, seen } = await judge(file)
  expect(wrong).toEqual([])
  expect([...seen].toSorted()).toEqual([
    '<hello',
    '<log',
    '<password.verify answered',
    '<refresh answered',
    '>hello',
    '>password.verify',
    '>refresh',
    '>shutdown',
  ])
})

test('what a hosted login source says and hears, its requests called off', async () => {
  await using folder = await temporaryFolder()
  await using api = startDirectoryApi([])
  const command = selfCommand('plugin-host', join(plugins, 'examples/directory-api/main.ts'))
  const config = { url: api.url, key: api.key, timeout: 5_000 }
  const { file, source } = await tapped(command, config, folder.path)
  await verify(source, 'anna', 'x')
  api.behave('silent')
  const abort = new AbortController()
  const answer = source.password?.verify({ username: 'anna', password: 'x', signal: abort.signal })
  expect(await until(() => api.asked() === 2)).toBe(true)
  abort.abort()
  await answer
  await source[Symbol.asyncDispose]()
  const { wrong, seen } = await judge(file)
  expect(wrong).toEqual([])
  expect([...seen]).toContain('>cancel')
})

test('what a hosted storage says and hears in cases of the kit', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'traffic')
  const open = emptyInProcess(join(plugins, 'storage/sqlite/index.ts'), file, { durability: 'normal' })
  const some = storageCases.filter(({ needs }, index) => needs === undefined && index % 5 === 0)
  const sweeping = storageCases.filter(({ name }) => name.startsWith('deleteExpired() '))
  for (const one of new Set([...some, ...sweeping])) await runCase(one, open)
  const { wrong, seen } = await judge(file)
  expect(wrong).toEqual([])
  const methods: readonly (keyof Storage & string)[] = [
    'migrate',
    'get',
    'find',
    'commit',
    'increment',
    'deleteExpired',
  ]
  for (const method of methods) expect([...seen]).toContain(`<${method} answered`)
}, 60_000)

test('the manifests of the examples', async () => {
  const manifest = ajv.compile(await schemaNamed('manifest.json'))
  for (const name of await readdir(join(plugins, 'examples'))) {
    const file = Bun.file(join(plugins, 'examples', name, 'plugin.json'))
    if (!(await file.exists())) continue
    expect({ name, fits: manifest(await file.json()), errors: manifest.errors }).toEqual({
      name,
      fits: true,
      errors: null,
    })
  }
  expect(manifest({ id: 'x', version: '1', kind: 'theme', apiVersion: 1, entry: 'x' })).toBe(false)
})
