/**
 * Plugins that try to get out of their sandbox, on the kernel that runs the tests. Each attempt is refused or ends the
 * process, which the server says in its own words whatever the plugin makes of it; nothing of it reaches the server's
 * records, and the next login is answered.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sendOver } from '../../src/host/sandbox/handover.ts'
import { MOST_SAID } from '../../src/host/sandbox/refusals.ts'
import { watch } from '../../src/host/sandbox/watcher.ts'
import { type Hostile, type HostileOptions, LOOT, openHostile, UNPROTECTED } from '../harness/hostile-plugins.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(30_000)
if (UNPROTECTED !== undefined) console.warn(`Hostile plugins are not tried: ${UNPROTECTED}`)
const protectedHere = describe.skipIf(UNPROTECTED !== undefined)

const REFUSED = /^refused: .*(?:EACCES|EPERM|ENOSYS|EMFILE|Failed to listen)/
const ENDED = 'its sandbox ended it: it tried what it has no permission for (SIGSYS)'

/** What the server says of an attempt: what was tried, and by the lack of which permission it failed. */
const lacking = (permission: string, deed: string): string =>
  `tried to ${deed}, which its manifest does not permit (${permission}); it was refused`
const never = (deed: string): string => `tried to ${deed}, which no plugin may do; it was refused`
const KILLED = 'tried what no plugin may do, or to start a process; its sandbox ended it'
const NETWORK = lacking('net', 'open a network connection')
const DATAGRAMS = lacking('net', 'send datagrams')
const DATABASE = '{data}/leveret.db'
const KEY = '{data}/master.key'
/** A limit, not a permission; and what honest libraries try as well. */
const NOT_SAID = undefined

const TYPESCRIPT = {
  refused: {
    'read the database': lacking('read', `read ${DATABASE}`),
    'read the master key': lacking('read', `read ${KEY}`),
    'read the database by another way': lacking('read', `read ${DATABASE} (as /proc/{plugin}/root${DATABASE})`),
    'read the database in a thread': lacking('read', `read ${DATABASE}`),
    'list the data folder': lacking('read', 'read {data}'),
    'read the list of users': lacking('read', 'read /etc/passwd'),
    'read the environment of the server': lacking('read', 'read /proc/{server}/environ'),
    'read the memory of the server': lacking('read', 'read /proc/{server}/mem'),
    'write to the database': lacking('write', `write to ${DATABASE}`),
    'empty the database': lacking('write', `empty ${DATABASE}`),
    'delete the database': lacking('write', `remove ${DATABASE}`),
    'rename the database': lacking('write', `rename ${DATABASE}`),
    'open the master key to everybody': never(`change the attributes of ${KEY}`),
    'write outside': lacking('write', 'write to {outside}/left-here'),
    'write beside itself': lacking('write', 'write to {data}/plugins/{copy}/left-here'),
    'dial out': NETWORK,
    'dial out by fetch': NETWORK,
    'open the control socket': never('open a unix socket'),
    'take connections': NETWORK,
    'send a datagram': DATAGRAMS,
    'signal the server': never('send a signal to process {server}'),
    'read what it may': lacking('read', 'read {data}/shared.txt'),
  },
  ended: ['execute a shell', 'execute itself', 'call fork', 'call umount'],
}
const PYTHON = {
  refused: {
    'read the database': lacking('read', `read ${DATABASE}`),
    'read the list of users': lacking('read', 'read /etc/passwd'),
    'link to the database': lacking('write', 'make a symbolic link at {outside}/link'),
    'hard-link to the database': lacking('write', `make a second name of ${DATABASE}`),
    'change the owner of the master key': never(`change the attributes of ${KEY}`),
    'change the times of the database': never(`change the attributes of ${DATABASE}`),
    'tag the database': never(`change the attributes of ${DATABASE}`),
    'dial out': NETWORK,
    'dial out by MPTCP': never('open a socket of protocol 262'),
    'dial out by sending': NETWORK,
    'open a raw socket': never('open a raw socket'),
    'open a packet socket': never('open a packet socket'),
    'open a netlink socket': never('open a netlink socket'),
    'open the control socket': never('open a unix socket'),
    'use io_uring': NOT_SAID,
    'signal the server': never('send a signal to process {server}'),
    'signal everybody': never('send a signal to every process'),
    'watch the data folder': never('call inotify_init1'),
    'hide from the server': never('hide what it does from the server'),
    'share memory': never('call shmget'),
    'execute a shell': lacking('run', 'run {shell}'),
    'open many files': NOT_SAID,
    'become somebody else': never('become somebody else'),
  },
  ended: [
    'fork',
    'trace the server',
    'read the memory of the server',
    'enter a new namespace',
    'mount',
    'change the root',
    'load into the kernel',
    'open by handle',
    'ask for keys',
    'call in the numbers of another architecture',
  ],
}

/** Waits for the server to say, after what it had said before, that this plugin did that. */
async function isReported(plugin: Hostile, before: number, sentence: string): Promise<void> {
  const pattern = new RegExp(`^plugin "[a-z-]+" ${plugin.patternOf(sentence)}$`)
  const said = () => plugin.refused.slice(before).some((each) => pattern.test(each.sentence))
  await until(said)
  // Compared as text, so that a failure shows what was said instead.
  if (!said()) expect(plugin.refused.slice(before).map((each) => each.sentence)).toEqual([String(pattern)])
  expect(plugin.lines.filter(({ level, message }) => level === 'warn' && pattern.test(message))).toHaveLength(1)
}

for (const [language, { refused, ended }] of Object.entries({ typescript: TYPESCRIPT, python: PYTHON })) {
  protectedHere(`a hostile plugin in ${language} without permissions cannot`, () => {
    let plugin: Hostile
    beforeAll(async () => {
      plugin = await openHostile({ language: language as HostileOptions['language'] })
    })
    afterAll(() => plugin[Symbol.asyncDispose]())

    test('be taken for one before it does anything', () => expect(plugin.refused).toEqual([]))

    for (const [name, sentence] of Object.entries(refused))
      test(`${name}: it is refused, which the log says`, async () => {
        const before = plugin.refused.length
        expect(await plugin.attack(name)).toMatch(REFUSED)
        if (sentence !== NOT_SAID) await isReported(plugin, before, sentence)
      })
    for (const name of ended)
      test(`${name}: it is ended, which the log says`, async () => {
        await plugin.attack('see a variable') // answered, so that the next start is at once
        const [before, reported] = [plugin.lines.length, plugin.refused.length]
        expect(await plugin.attack(name)).toBe(ENDED)
        const said = () =>
          plugin.lines.slice(before).find(({ message }) => message === 'plugin process is started again')
        expect(await until(() => said() !== undefined)).toBe(true)
        expect(said()).toMatchObject({ level: 'warn', fields: { reason: ENDED, plugin: 'corp' } })
        await isReported(plugin, reported, KILLED)
      })

    test('see a variable of the server', async () => {
      expect(await plugin.attack('see a variable')).not.toContain(LOOT)
    })

    test('leave anything behind', async () => {
      expect(plugin.visits()).toBe(0)
      expect(await readdir(plugin.outside)).toEqual([])
      expect(await Bun.file(join(plugin.dataDir, 'leveret.db')).text()).toBe(LOOT)
      const { mode } = await Bun.file(join(plugin.dataDir, 'master.key')).stat()
      expect(mode & 0o777).toBe(0o600)
    })
  })
}

protectedHere('what a plugin says of its attempts does not matter:', () => {
  test('a shell that keeps quiet is reported like any other', async () => {
    await using plugin = await openHostile({ language: 'shell' })
    expect(plugin.refused).toEqual([])
    const attempts = {
      'read the database': lacking('read', `read ${DATABASE}`),
      'write to the database': lacking('write', `write to ${DATABASE}`),
      'write outside': lacking('write', 'write to {outside}/left-here (as {data}/../outside/left-here)'),
      'list the data folder': lacking('read', 'read {data} (as {data}/)'),
      'signal the server': never('send a signal to process {server}'),
      'execute a shell': KILLED,
    }
    for (const [name, sentence] of Object.entries(attempts)) {
      const before = plugin.refused.length
      await plugin.attack(name)
      await isReported(plugin, before, sentence)
    }
    expect(JSON.stringify(plugin.lines)).not.toContain(LOOT)
  })

  test('it inherits nothing of what it is watched with', async () => {
    await using plugin = await openHostile({ language: 'python' })
    const one = String.raw`'(?:socket|pipe):\[\d+\]'`
    expect(await plugin.attack('keep what the launcher had')).toMatch(new RegExp(`^did: \\[${one}, ${one}, ${one}\\]$`))
  })

  test('one that swallows the error is told twice, and the log once', async () => {
    await using plugin = await openHostile({ language: 'python' })
    for (const times of [1, 2]) {
      expect(await plugin.attack('read the database and say nothing')).toBe('did: None')
      expect(await until(() => plugin.refused.length === times)).toBe(true)
    }
    await isReported(plugin, 1, lacking('read', `read ${DATABASE}`))
  })

  test('one whose attempts nobody hears any more is started again, in a sandbox all the same', async () => {
    await using plugin = await openHostile({ language: 'python' })
    using watching = watch(() => undefined)
    sendOver(watching.socket, { text: 'what no launcher says' })
    const said = (text: string) => plugin.lines.filter(({ message }) => message.includes(text))
    expect(await until(() => said('plugin process is started again').length === 1)).toBe(true)
    expect(said('is refused, but not reported')).toHaveLength(1)
    expect(await plugin.attack('read the database')).toMatch(REFUSED)
    expect(await plugin.attack('fork')).toBe(ENDED)
    await using next = await openHostile({ language: 'python' })
    await next.attack('read the database')
    await isReported(next, 0, lacking('read', `read ${DATABASE}`))
  })

  test('a flood of them is counted, and fills no log', async () => {
    await using plugin = await openHostile({ language: 'python' })
    expect(await plugin.attack('try a thousand names')).toStartWith('did: ')
    const warned = () => plugin.lines.filter(({ level }) => level === 'warn')
    expect(await until(() => warned().some(({ message }) => message.endsWith('only counted from here on')))).toBe(true)
    const counted = () => plugin.refused.reduce((all, { times }) => all + times, 0)
    expect(await until(() => counted() === 1_000)).toBe(true)
    expect(warned()).toHaveLength(MOST_SAID + 1)
  })
})

protectedHere('a plugin may what its manifest says, and no more:', () => {
  const withPermissions = (permissions: HostileOptions['permissions']) =>
    openHostile({ language: 'typescript', ...(permissions && { permissions }) })

  test('a file that its configuration names', async () => {
    await using plugin = await withPermissions(() => ({ read: ['{file}'] }))
    expect(await plugin.attack('read what it may')).toBe('did: for the plugin')
    expect(plugin.refused).toEqual([])
    expect(await plugin.attack('read the database')).toMatch(REFUSED)
    expect(await plugin.attack('list the data folder')).toMatch(REFUSED)
  })

  test('a folder to write to', async () => {
    await using plugin = await withPermissions(() => ({ write: ['{outside}'] }))
    expect(await plugin.attack('write outside')).toBe('did: undefined')
    expect(await readdir(plugin.outside)).toEqual(['left-here'])
    expect(plugin.refused).toEqual([])
    expect(await plugin.attack('write beside itself')).toMatch(REFUSED)
  })

  test('a port to connect to', async () => {
    await using plugin = await withPermissions(({ port }) => ({ net: [`127.0.0.1:${port}`] }))
    expect(await plugin.attack('dial out')).toBe('did: connected')
    expect(plugin.visits()).toBe(1)
    expect(plugin.refused).toEqual([])
    const others = {
      'open the control socket': never('open a unix socket'),
      'take connections': never('take connections on 127.0.0.1:0'),
      'send a datagram': DATAGRAMS,
    }
    for (const [name, sentence] of Object.entries(others)) {
      const before = plugin.refused.length
      expect(await plugin.attack(name)).toMatch(REFUSED)
      await isReported(plugin, before, sentence)
    }
  })

  test('another port', async () => {
    await using plugin = await withPermissions(({ port }) => ({ net: [`127.0.0.1:${port === 65_535 ? 1 : port + 1}`] }))
    expect(await plugin.attack('dial out')).toMatch(REFUSED)
    await isReported(plugin, 0, lacking('net', `connect to 127.0.0.1:${plugin.port}`))
  })

  test('a name to resolve, for which datagrams are allowed', async () => {
    await using plugin = await withPermissions(() => ({ net: ['directory.example:636'] }))
    expect(await plugin.attack('send a datagram')).toBe('did: sent')
    expect(plugin.refused).toEqual([])
    expect(await plugin.attack('dial out')).toMatch(REFUSED)
    await isReported(plugin, 0, lacking('net', `connect to 127.0.0.1:${plugin.port}`))
  })

  test('variables, by name', async () => {
    await using plugin = await openHostile({
      language: 'typescript',
      permissions: () => ({ env: ['PUBLIC', 'ABSENT'] }),
      env: { PUBLIC: 'yes', SECRET: LOOT },
    })
    expect(await plugin.attack('see a variable')).toBe('did: {"PUBLIC":"yes"}')
  })

  test('programs, by path, which are inside as well', async () => {
    await using plugin = await openHostile({ language: 'python', permissions: () => ({ run: ['/usr/bin/jq'] }) })
    expect(await plugin.attack('fork')).toMatch(/^did: \d+$/)
    expect(await plugin.attack('execute a shell')).toMatch(REFUSED)
    await isReported(plugin, 0, lacking('run', 'run {shell}'))
  })

  test('the server’s own records never', async () => {
    for (const read of ['.', '..', '/', '../data'])
      expect(await withPermissions(() => ({ read: [read] })).then(() => 'opened', String)).toContain(
        'its permissions would give it',
      )
  })
})

describe('the attacks are real: outside a sandbox', () => {
  test('they succeed', async () => {
    await using plugin = await openHostile({ language: 'typescript', sandbox: 'off' })
    expect(plugin.lines).toContainEqual(expect.objectContaining({ message: 'plugin runs without a sandbox' }))
    for (const name of ['read the database', 'read the master key'])
      expect(await plugin.attack(name)).toBe(`did: ${LOOT}`)
    expect(await plugin.attack('execute a shell')).toBe('did: out ')
    expect(await plugin.attack('dial out')).toBe('did: connected')
    expect(await plugin.attack('open the control socket')).toBe('did: connected')
    expect(await plugin.attack('write outside')).toBe('did: undefined')
    expect(plugin.visits()).toBe(2)
  })
})
