/**
 * Plugins that try to get out of their sandbox, on the kernel that runs the tests. Each attempt is refused or ends the
 * process, which the log says; nothing of it reaches the server's records, and the next login is answered.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hostile, type HostileOptions, LOOT, openHostile, UNPROTECTED } from '../harness/hostile-plugins.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(30_000)
if (UNPROTECTED !== undefined) console.warn(`Hostile plugins are not tried: ${UNPROTECTED}`)
const protectedHere = describe.skipIf(UNPROTECTED !== undefined)

const REFUSED = /^refused: .*(?:EACCES|EPERM|ENOSYS|EMFILE|Failed to listen)/
const ENDED = 'its sandbox ended it: it tried what it has no permission for (SIGSYS)'

const TYPESCRIPT = {
  refused: [
    'read the database',
    'read the master key',
    'read the database by another way',
    'read the database in a thread',
    'list the data folder',
    'read the list of users',
    'read the environment of the server',
    'read the memory of the server',
    'write to the database',
    'empty the database',
    'delete the database',
    'rename the database',
    'open the master key to everybody',
    'write outside',
    'write beside itself',
    'dial out',
    'dial out by fetch',
    'open the control socket',
    'take connections',
    'send a datagram',
    'signal the server',
    'read what it may',
  ],
  ended: ['execute a shell', 'execute itself', 'call fork', 'call umount'],
}
const PYTHON = {
  refused: [
    'read the database',
    'read the list of users',
    'link to the database',
    'hard-link to the database',
    'change the owner of the master key',
    'change the times of the database',
    'tag the database',
    'dial out',
    'dial out by MPTCP',
    'dial out by sending',
    'open a raw socket',
    'open a packet socket',
    'open a netlink socket',
    'open the control socket',
    'use io_uring',
    'signal the server',
    'signal everybody',
    'watch the data folder',
    'share memory',
    'execute a shell',
    'open many files',
    'become somebody else',
  ],
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

for (const [language, { refused, ended }] of Object.entries({ typescript: TYPESCRIPT, python: PYTHON })) {
  protectedHere(`a hostile plugin in ${language} without permissions cannot`, () => {
    let plugin: Hostile
    beforeAll(async () => {
      plugin = await openHostile({ language: language as HostileOptions['language'] })
    })
    afterAll(() => plugin[Symbol.asyncDispose]())

    for (const name of refused) test(name, async () => expect(await plugin.attack(name)).toMatch(REFUSED))
    for (const name of ended)
      test(`${name}: it is ended, which the log says`, async () => {
        await plugin.attack('see a variable') // answered, so that the next start is at once
        const before = plugin.lines.length
        expect(await plugin.attack(name)).toBe(ENDED)
        const said = () => plugin.lines.slice(before).find(({ level }) => level === 'warn')
        expect(await until(() => said() !== undefined)).toBe(true)
        expect(said()).toMatchObject({
          message: 'plugin process is started again',
          fields: { reason: ENDED, plugin: 'corp' },
        })
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

protectedHere('a plugin may what its manifest says, and no more:', () => {
  const withPermissions = (permissions: HostileOptions['permissions']) =>
    openHostile({ language: 'typescript', ...(permissions && { permissions }) })

  test('a file that its configuration names', async () => {
    await using plugin = await withPermissions(() => ({ read: ['{file}'] }))
    expect(await plugin.attack('read what it may')).toBe('did: for the plugin')
    expect(await plugin.attack('read the database')).toMatch(REFUSED)
    expect(await plugin.attack('list the data folder')).toMatch(REFUSED)
  })

  test('a folder to write to', async () => {
    await using plugin = await withPermissions(() => ({ write: ['{outside}'] }))
    expect(await plugin.attack('write outside')).toBe('did: undefined')
    expect(await readdir(plugin.outside)).toEqual(['left-here'])
    expect(await plugin.attack('write beside itself')).toMatch(REFUSED)
  })

  test('a port to connect to', async () => {
    await using plugin = await withPermissions(({ port }) => ({ net: [`127.0.0.1:${port}`] }))
    expect(await plugin.attack('dial out')).toBe('did: connected')
    expect(plugin.visits()).toBe(1)
    for (const name of ['open the control socket', 'take connections', 'send a datagram'])
      expect(await plugin.attack(name)).toMatch(REFUSED)
  })

  test('another port', async () => {
    await using plugin = await withPermissions(({ port }) => ({ net: [`127.0.0.1:${port === 65_535 ? 1 : port + 1}`] }))
    expect(await plugin.attack('dial out')).toMatch(REFUSED)
  })

  test('a name to resolve, for which datagrams are allowed', async () => {
    await using plugin = await withPermissions(() => ({ net: ['directory.example:636'] }))
    expect(await plugin.attack('send a datagram')).toBe('did: sent')
    expect(await plugin.attack('dial out')).toMatch(REFUSED)
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
