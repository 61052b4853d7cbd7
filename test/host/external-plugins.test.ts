/** Plugins by somebody else: found, pinned, lent what they import, opened, closed. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { ConfigError } from '../../src/config/fault.ts'
import { checkPlugin, type ExternalPlugin } from '../../src/host/external.ts'
import { pinOf } from '../../src/host/files.ts'
import { createPluginHost, type HostOptions, type PluginHost } from '../../src/host/host.ts'
import { PluginError } from '../../src/host/plugin-error.ts'
import { type Folder, loginSourceText, temporaryFolder } from '../harness/plugins.ts'
import { type LogLine, noCredentials, recorder } from '../harness/process-plugins.ts'

let folder: Folder
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

async function hostWith(
  external: readonly ExternalPlugin[],
  change: Partial<HostOptions> = {},
): Promise<{ readonly host: PluginHost; readonly lines: LogLine[] }> {
  const { log, lines } = recorder()
  const host = await createPluginHost({
    builtin: [],
    external,
    folder: join(folder.path, 'copies'),
    dataDir: folder.path,
    env: { OUTSIDER_SECRET: 'open sesame', SHORT_SECRET: 'xyz' },
    log,
    now: () => 1_000,
    signal: new AbortController().signal,
    probeDeadline: 20_000,
    ...change,
  })
  return { host, lines }
}

/** What a start that must fail says. */
function refusal(starting: Promise<unknown>): Promise<string> {
  return starting.then(() => 'accepted', String)
}

async function pinned(path: string): Promise<ExternalPlugin> {
  return { path, sha256: await pinOf(path), optional: false }
}

const verify = (host: PluginHost, type: string, more: Readonly<Record<string, unknown>> = { secret: 'x' }) =>
  host
    .openLogin({ type, id: 'corp', provision: true, ...more }, { path: 'login[0]', credentials: noCredentials })
    .then((source) =>
      source?.password?.verify({ username: 'outsider', password: 'open sesame', signal: new AbortController().signal }),
    )

describe('an external login source', () => {
  const known = { ok: true, identity: { externalId: 'corp-1', username: 'outsider', groups: ['outsiders'] } } as const

  test('is a TypeScript file with nothing installed beside it', async () => {
    const { host, lines } = await hostWith([await pinned(await folder.write('file.ts', loginSourceText('file')))])
    expect(await verify(host, 'file', { secret: { env: 'OUTSIDER_SECRET' } })).toEqual(known)
    await host[Symbol.asyncDispose]()
    expect(lines.map(({ message, fields }) => [message, fields?.['plugin']])).toEqual([
      ['plugin loaded', undefined],
      ['hello', 'corp'],
      ['closed', 'corp'],
    ])
  })

  test('is a JavaScript file', async () => {
    const text = new Bun.Transpiler({ loader: 'ts' }).transformSync(loginSourceText('script'))
    const { host } = await hostWith([await pinned(await folder.write('script.js', text))])
    expect(await verify(host, 'script', { secret: 'open sesame' })).toEqual(known)
  })

  for (const [name, manifest] of Object.entries({
    main: { main: './lib/source.ts' },
    exports: { main: './nowhere.js', exports: { '.': { types: './x.d.ts', import: './lib/source.ts' } } },
    sugar: { exports: './lib/source.ts' },
  })) {
    test(`is a package folder that names its entry by ${name}`, async () => {
      const path = join(folder.path, name)
      await folder.write(`${name}/package.json`, JSON.stringify({ name, ...manifest }))
      await folder.write(`${name}/lib/type.ts`, `export const type: string = '${name}'`)
      const source = loginSourceText('TYPE', "import { type } from './type.ts'").replace("'TYPE'", 'type')
      await folder.write(`${name}/lib/source.ts`, source)
      const { host } = await hostWith([await pinned(path)])
      expect(await verify(host, name, { secret: 'open sesame' })).toEqual(known)
    })
  }

  test('is told every fault of its section at once, with the path, without the secret', async () => {
    const text = loginSourceText('strict').replace('secret: Type.String()', 'secret: Type.String({ minLength: 8 })')
    const { host } = await hostWith([await pinned(await folder.write('strict.ts', text))])
    const opening = verify(host, 'strict', { secret: { env: 'SHORT_SECRET' }, greeting: 5, greting: 'hi' })
    const error: unknown = await opening.catch((refused: unknown) => refused)
    expect(error).toBeInstanceOf(ConfigError)
    const faults = error instanceof ConfigError ? error.faults : []
    expect(faults.map(({ path }) => path).toSorted()).toEqual([
      'login[0].greeting',
      'login[0].greting',
      'login[0].secret',
    ])
    expect(String(error)).not.toContain('xyz')
  })

  test('with an unknown type is refused with the nearest known one', async () => {
    const { host } = await hostWith([await pinned(await folder.write('corporate.ts', loginSourceText('corporate')))])
    const message = 'login[0].type: no login plugin has the type "corprate"; did you mean "corporate"?'
    expect(await refusal(verify(host, 'corprate'))).toContain(message)
  })

  test('that opens too slowly, throws or returns no source gives a sentence', async () => {
    const bodies = {
      slow: 'return new Promise(() => {})',
      throwing: "throw new Error('no route to\\nthe directory')",
      empty: 'return { async [Symbol.asyncDispose]() {} }',
      leaking: 'return { password: { verify() {} } }',
    }
    const said = await Promise.all(
      Object.entries(bodies).map(async ([type, body]) => {
        const text = loginSourceText(type).replace(
          'async open({ secret, greeting }, { id, log }) {',
          `async open() { ${body}`,
        )
        const { host } = await hostWith([await pinned(await folder.write(`${type}.ts`, text))], { openDeadline: 50 })
        return verify(host, type).then(String, (error: Error) => error.message)
      }),
    )
    expect(said).toEqual([
      'Cannot open login[0] (login "slow"): not open within 0.05 s',
      'Cannot open login[0] (login "throwing"): no route to the directory',
      'Cannot open login[0] (login "empty"): the plugin is faulty, the source has none of password, redirect, negotiate',
      'Cannot open login[0] (login "leaking"): the plugin is faulty, what "open" returned has no [Symbol.asyncDispose]',
    ])
  })
})

describe('the pin', () => {
  test('of a file is the SHA-256 of its bytes', async () => {
    const path = await folder.write('bytes.ts', 'abc')
    expect(await pinOf(path)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test('of a folder is what sha256sum says of what sha256sum says of its files', async () => {
    for (const name of ['index.ts', 'b.ts', 'a/z.ts', 'a.ts', 'ä.ts', '.hidden', 'node_modules/x/index.js']) {
      await folder.write(`tree/${name}`, `// ${name}`)
    }
    const tools = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    const printed = await Bun.$`sh -c ${tools}`.cwd(join(folder.path, 'tree')).text()
    expect(`${await pinOf(join(folder.path, 'tree'))}  -\n`).toBe(printed)
  })

  test('that does not fit stops the start before anything of the plugin runs', async () => {
    const path = await folder.write('changed.ts', "throw new Error('I ran')")
    const pin = 'a'.repeat(64)
    const entry = { path, sha256: pin, optional: false }
    const remedy = 'if the change is wanted, pin it anew with "leveret plugin pin"'
    expect(await refusal(hostWith([entry]))).toContain(
      `Cannot use plugin ${path}: its SHA-256 is ${await pinOf(path)}, and pinned is ${pin}; ${remedy}`,
    )
    expect(await checkPlugin(path, { sha256: pin })).toMatchObject({ ok: false, fault: 'pin' })
  })

  test('covers what is loaded: a copy that somebody changed is written anew', async () => {
    const entry = await pinned(await folder.write('copied.ts', loginSourceText('copied')))
    await folder.write(`copies/${entry.sha256}/copied.ts`, "throw new Error('I ran')")
    await folder.write(`copies/${entry.sha256}/more.ts`, '')
    const { host } = await hostWith([entry])
    expect(host.plugins.map(({ type, origin, sha256 }) => ({ type, origin, sha256 }))).toEqual([
      { type: 'copied', origin: entry.path, sha256: entry.sha256 },
    ])
  })
})

describe('a plugin that cannot be used', () => {
  test('stops the start', async () => {
    const entry = await pinned(await folder.write('broken.ts', "throw new Error('broken')"))
    const refusal = await hostWith([entry]).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(PluginError)
    expect(String(refusal)).toContain(`Cannot use plugin ${entry.path}: it throws while loading: broken`)
  })

  test('and is optional is warned about, listed, and its login source left out', async () => {
    const entry = { ...(await pinned(await folder.write('optional.ts', 'process.exit(9)'))), optional: true }
    const { host, lines } = await hostWith([entry])
    expect(host.faults.map(({ fault, path }) => ({ fault, path }))).toEqual([{ fault: 'exits', path: entry.path }])
    expect(await verify(host, 'whatever')).toBeUndefined()
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: optional plugin is not used',
      'warn: login source is left out, its plugin is not used',
    ])
    expect(await refusal(host.openStorage({ type: 'whatever' }))).toContain('no storage plugin has the type "whatever"')
  })

  test('is one whose type another plugin has', async () => {
    const first = await pinned(await folder.write('first.ts', loginSourceText('twin')))
    const second = await pinned(await folder.write('second.ts', loginSourceText('twin')))
    const sentence = `Cannot use plugin ${second.path}: its login type "twin" is taken by the plugin ${first.path}`
    expect(await refusal(hostWith([first, second]))).toContain(sentence)
  })
})

test('plugins close in reverse order, and one that fails to close is only warned about', async () => {
  const { host, lines } = await hostWith([await pinned(await folder.write('closing.ts', loginSourceText('closing')))])
  const failing = loginSourceText('failing').replace("log.info('closed')", "throw new Error('stuck')")
  const { host: second, lines: more } = await hostWith([await pinned(await folder.write('failing.ts', failing))])
  for (const id of ['one', 'two']) {
    await host.openLogin({ type: 'closing', id, secret: 'x' }, { path: 'login[0]', credentials: noCredentials })
    await second.openLogin({ type: 'failing', id, secret: 'x' }, { path: 'login[0]', credentials: noCredentials })
  }
  await host[Symbol.asyncDispose]()
  await second[Symbol.asyncDispose]()
  const closed = (all: readonly LogLine[], wanted: string) =>
    all.filter(({ message }) => message === wanted).map(({ fields }) => fields?.['plugin'])
  expect(closed(lines, 'closed')).toEqual(['two', 'one'])
  expect(closed(more, 'plugin fails to close')).toEqual(['two', 'one'])
})
