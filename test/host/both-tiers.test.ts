/** A TypeScript plugin is the same in both tiers: inside the server, and in a process of its own. */
import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import type { LoginSource } from '#plugin'
import { pinOf } from '../../src/host/files.ts'
import { createPluginHost } from '../../src/host/host.ts'
import { PluginError } from '../../src/host/plugin-error.ts'
import { lend } from '../conformance/login/lent.ts'
import { type Folder, loginSourceText, temporaryFolder } from '../harness/plugins.ts'
import { recorder } from '../harness/process-plugins.ts'

setDefaultTimeout(30_000)

/** Everything that a source may offer, and everything that it is lent. */
const EVERYTHING = `import { Type } from '@sinclair/typebox'
import { defineLoginSource, type Verdict } from 'leveret/plugin'

const upper = Type.Transform(Type.String()).Decode((text) => text.toUpperCase()).Encode((text) => text)
export default defineLoginSource({
  type: 'everything',
  config: Type.Object({ greeting: upper, more: Type.Number({ default: 7 }) }, { additionalProperties: false }),
  async open({ greeting, more }, { id, dataDir, log, now, credentials }) {
    console.log('printed while opening')
    log.warn(greeting, { more, id, dataDir, clock: now() > 0, nothing: undefined })
    const known = (externalId: string): Verdict =>
      ({ ok: true, identity: { externalId, username: 'anna', groups: ['a'], claims: { more }, amr: ['pwd'] } })
    return {
      password: {
        async verify({ username, password, externalId = 'nobody' }) {
          console.log('printed at a login')
          if (username === 'kept') await credentials.put(externalId, password)
          if (username === 'replaced') return known(String(await credentials.replace(externalId, password, 'new')))
          if (username === 'gone') await credentials.delete(externalId)
          const secret = await credentials.get(externalId)
          return secret === password ? known(externalId) : { ok: false, why: 'credentials', detail: String(secret) }
        },
      },
      passwordChange: { secret: async (password) => 'made of ' + password, accepts: (secret) => secret.startsWith('made') },
      redirect: {
        begin: async ({ callbackUrl, state, loginHint }) => ({ url: callbackUrl + '?' + state, state: { loginHint } }),
        complete: async ({ url, state }) => known(url + JSON.stringify(state)),
      },
      negotiate: { step: async (token) => ({ verdict: known('k'), reply: token.toReversed() }) },
      refresh: async ({ externalId, username }) => known(externalId + username),
      health: async () => ({ ok: false, detail: 'tired' }),
      async [Symbol.asyncDispose]() { log.info('closed') },
    }
  },
})
`

async function openIn(runtime: 'in-process' | 'process', folder: Folder, path: string) {
  const { log, lines } = recorder()
  const host = await createPluginHost({
    builtin: [],
    external: [{ path, sha256: await pinOf(path), optional: false, runtime }],
    folder: join(folder.path, 'copies'),
    dataDir: folder.path,
    env: {},
    log,
    now: Date.now,
    signal: new AbortController().signal,
    probeDeadline: 20_000,
  })
  const { context } = lend({})
  const { credentials } = context
  const section = { type: 'everything', id: 'corp', greeting: 'hello' }
  const source = await host.openLogin(section, { path: 'login[0]', credentials })
  if (!source) throw new Error('Cannot be: the plugin is not optional')
  return { source, lines, credentials, host }
}

async function answersOf(source: LoginSource): Promise<unknown[]> {
  const signal = new AbortController().signal
  const verify = (username: string, externalId?: string) =>
    source.password?.verify({ username, password: 'x', signal, ...(externalId !== undefined && { externalId }) })
  const callback = { url: 'https://here/cb?code=1', callbackUrl: 'https://here/cb', signal }
  const { redirect, passwordChange } = source
  return [
    await verify('anna'),
    await verify('kept', 'e'),
    await verify('anna', 'e'),
    await verify('replaced', 'e'),
    await verify('anna', 'e'),
    await verify('gone', 'e'),
    await passwordChange?.secret('x'),
    await passwordChange?.accepts('made'),
    await passwordChange?.accepts('bought'),
    await redirect?.begin({ callbackUrl: 'https://here/cb', state: 'abc', loginHint: 'anna' }),
    await redirect?.complete({ ...callback, state: { a: [1, null, 'ü'] } }),
    await source.negotiate?.step(new Uint8Array([0, 1, 255]), signal),
    await source.refresh?.({ externalId: 'e', username: 'anna', signal }),
    await source.health?.(),
  ]
}

test('it gives the same answers, keeps the same secrets and logs the same', async () => {
  await using folder = await temporaryFolder()
  const path = await folder.write('everything.ts', EVERYTHING)
  const inside = await openIn('in-process', folder, path)
  const outside = await openIn('process', folder, path)
  expect(outside.host.plugins).toMatchObject([{ runtime: 'process', type: 'everything' }])
  expect(await answersOf(outside.source)).toEqual(await answersOf(inside.source))
  for (const name of ['e', 'nobody']) {
    expect(await outside.credentials.get(name)).toBe(await inside.credentials.get(name))
  }
  await inside.host[Symbol.asyncDispose]()
  await outside.host[Symbol.asyncDispose]()
  const logged = (opened: typeof inside) =>
    opened.lines
      .filter(({ fields, message }) => fields?.['plugin'] === 'corp' && !message.startsWith('plugin writes'))
      .map(({ level, message, fields }) => [level, message, fields?.['more'], fields?.['id'], fields?.['clock']])
  expect(logged(outside)).toEqual(logged(inside))
  expect(logged(outside)).toEqual([
    ['warn', 'HELLO', 7, 'corp', true],
    ['info', 'closed', undefined, undefined, undefined],
  ])
})

test('it is the same when what it prints would garble the protocol', async () => {
  await using folder = await temporaryFolder()
  const outside = await openIn('process', folder, await folder.write('everything.ts', EVERYTHING))
  await answersOf(outside.source)
  await outside.host[Symbol.asyncDispose]()
  const printed = outside.lines.filter(({ message }) => message === 'plugin writes to standard error')
  expect(printed.map(({ fields }) => fields?.['text'])).toContain('printed at a login')
  expect(outside.lines.filter(({ message }) => message === 'plugin process is started again')).toEqual([])
})

describe('a manifest that does not fit is told in a sentence:', () => {
  const MODULE = loginSourceText('acme')
  const manifest = (change: object) =>
    JSON.stringify({ id: 'acme', version: '1', kind: 'login', apiVersion: 1, entry: 'main.ts', ...change })
  const WRONG: Readonly<Record<string, readonly [string, 'in-process' | 'process', string]>> = {
    'no JSON': ['{', 'process', 'its plugin.json is not right: it is not JSON'],
    'an unknown key': [
      manifest({ permissions: { network: [] } }),
      'process',
      'its plugin.json is not right: permissions.network unknown key; known here: net, read, write, env, run',
    ],
    'no host and port': [
      manifest({ permissions: { net: ['example'] } }),
      'process',
      'its plugin.json is not right: permissions.net[0] must be host:port, not "example"',
    ],
    'another id than the module': [
      manifest({ id: 'other' }),
      'process',
      'its plugin.json says login "other", its module login "acme"',
    ],
    'an entry outside': [
      manifest({ entry: '../x.ts' }),
      'process',
      'its plugin.json names ../x.ts, which is not in the folder',
    ],
    'an executable inside the server': [
      manifest({ entry: 'run', config: {} }),
      'in-process',
      'an executable runs as a process: its runtime is "process"',
    ],
    'a process that is to run inside the server': [
      manifest({ runtime: 'process' }),
      'in-process',
      'its plugin.json asks for a process, and the configuration says "in-process"',
    ],
    'another version of the contract': [
      manifest({ entry: 'run', apiVersion: 9 }),
      'process',
      'it is written for version 9 of the plugin contract, and this server takes 1',
    ],
    'a schema that cannot be checked': [
      manifest({ entry: 'run', config: { type: 'object', properties: { a: { $ref: '#' } } } }),
      'process',
      'the schema of its configuration cannot be used: config.a.$ref is not supported',
    ],
  }
  for (const [what, [text, runtime, sentence]] of Object.entries(WRONG)) {
    test(what, async () => {
      await using folder = await temporaryFolder()
      const path = join(folder.path, 'acme')
      await folder.write('acme/plugin.json', text)
      await folder.write('acme/main.ts', MODULE)
      await folder.write('acme/run', '#!/bin/sh\n')
      const starting = openIn(runtime, folder, path)
      const error: unknown = await starting.then(
        () => 'opened',
        (refused: unknown) => refused,
      )
      expect(error).toBeInstanceOf(PluginError)
      expect(error instanceof PluginError && error.sentence).toBe(sentence)
    })
  }
})
