/** What becomes of the sandbox where the kernel has none, and where nobody asked for one. */
import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkPlugin } from '../../src/host/external.ts'
import { pinOf } from '../../src/host/files.ts'
import { NO_PERMISSIONS } from '../../src/host/manifest.ts'
import { policyOf } from '../../src/host/sandbox/policy.ts'
import { PROGRAM } from '../harness/command-line.ts'
import { UNPROTECTED } from '../harness/hostile-plugins.ts'
import { loginSourceText, temporaryFolder, writeConfiguration } from '../harness/plugins.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(30_000)

const WITHOUT = join(import.meta.dir, '../harness/without.ts')
const PLUGIN =
  '#!/bin/sh\nread -r hello\necho \'{"hello":{"protocol":1,"id":"quiet","capabilities":["password"]}}\'\nread -r end\n'

/** `leveret serve` where that does not exist: ended as soon as it listens, or by itself. */
async function serveWithout(what: 'landlock' | 'listener', folder: string) {
  const child = Bun.spawn([process.execPath, WITHOUT, what, ...PROGRAM, 'serve'], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const logged = new Response(child.stderr).text()
  const { value } = await child.stdout.getReader().read()
  child.kill('SIGTERM')
  const code = await child.exited
  return { code, out: new TextDecoder().decode(value), err: await logged }
}

/** A folder to serve from, with a plugin that is this script. */
async function place(sandbox: string, script = PLUGIN) {
  const folder = await temporaryFolder()
  await folder.write(
    'quiet/plugin.json',
    JSON.stringify({
      id: 'quiet',
      version: '1',
      kind: 'login',
      apiVersion: 1,
      entry: 'quiet.sh',
      runtime: 'process',
    }),
  )
  await folder.write('quiet/quiet.sh', script)
  const plugin = `[[plugins]]\npath = "quiet"\nsha256 = "${await pinOf(join(folder.path, 'quiet'))}"`
  await writeConfiguration(folder, `${plugin}\n${sandbox}\n[[login]]\ntype = "quiet"`)
  return folder
}

describe('on a kernel without Landlock', () => {
  test('a required sandbox refuses to start the plugin, and the server says why', async () => {
    await using folder = await place('sandbox = "require"')
    const { code, out, err } = await serveWithout('landlock', folder.path)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(
      `Cannot use plugin ${join(folder.path, 'quiet')}: its sandbox is required and cannot be enforced: the kernel has no Landlock`,
    )
  })

  test('any other plugin runs, and the server says that it runs without', async () => {
    await using folder = await place('')
    const { out, err } = await serveWithout('landlock', folder.path)
    expect(out).toContain('Listening on')
    expect(err).toContain('plugin runs without a sandbox')
  })
})

/** Tries to read what its manifest does not permit, and then does as if nothing had been. */
const CURIOUS = `#!/bin/sh
read -r hello
{ read -r line < /etc/shells; } 2> /dev/null && echo 'it was read' >&2
echo '{"hello":{"protocol":1,"id":"quiet","capabilities":["password"]}}'
while read -r line; do :; done
`

describe.skipIf(UNPROTECTED !== undefined)('what is refused', () => {
  test('is reported, but where nobody may listen; the sandbox is there all the same, also a required one', async () => {
    await using folder = await place('sandbox = "require"', CURIOUS)
    const listening = await serveWithout('listener', folder.path)
    expect(listening.out).toContain('Listening on')
    expect(listening.err).toContain('what the plugin may not do is refused, but not reported')
    expect(listening.err).not.toContain('it was read')
    expect(listening.err.match(/not reported/g)).toHaveLength(1)
  })

  test('is counted by plugin and permission, and told by plugin doctor', async () => {
    await using folder = await place('sandbox = "require"', CURIOUS)
    const file = join(folder.path, 'leveret.toml')
    await folder.write('leveret.toml', (await Bun.file(file).text()).replace('enabled = false', 'enabled = true'))
    const options = { cwd: folder.path, env: { PATH: '/usr/bin:/bin' }, stdout: 'pipe', stderr: 'pipe' } as const
    const sentence = `plugin "quiet" tried to read /etc/shells, which its manifest does not permit (read); it was refused`
    const doctor = Bun.spawn([...PROGRAM, 'plugin', 'doctor'], options)
    expect(await new Response(doctor.stdout).text()).toContain(sentence)
    expect(await doctor.exited).toBe(0)

    const server = Bun.spawn([...PROGRAM, 'serve'], options)
    const logged = new Response(server.stderr).text()
    const { value } = await server.stdout.getReader().read()
    const [url] = /http:\S+/.exec(new TextDecoder().decode(value)) ?? []
    const counted = 'leveret_plugin_refusals_total{plugin="quiet",permission="read"} 1\n'
    const metrics = async () => (await fetch(`${url}/metrics`)).text()
    await until(async () => (await metrics()).includes(counted), 3_000)
    expect(await metrics()).toContain(counted)
    server.kill('SIGTERM')
    await server.exited
    expect((await logged).split(JSON.stringify(sentence))).toHaveLength(2)
  })
})

/** Says its process id as a line of the log, and never ends by itself. */
const STUBBORN = `#!/bin/sh
read -r hello
printf '{"log":{"level":"info","message":"stubborn %s"}}\\n' "$$"
echo '{"hello":{"protocol":1,"id":"quiet","capabilities":["password"]}}'
while :; do read -r line; done
`

test.skipIf(UNPROTECTED !== undefined)('a plugin in a sandbox does not outlive its server', async () => {
  await using folder = await place('sandbox = "require"', STUBBORN)
  const [words, env] = [[...PROGRAM, 'serve'], { PATH: '/usr/bin:/bin' }]
  const child = Bun.spawn(words, { cwd: folder.path, env, stdout: 'pipe', stderr: 'pipe' })
  const logged = new Response(child.stderr).text()
  await child.stdout.getReader().read()
  child.kill('SIGKILL')
  const [, pid = ''] = /"stubborn (\d+)"/.exec(await logged) ?? []
  expect(pid).not.toBe('')
  expect(await until(() => !existsSync(`/proc/${pid}`))).toBe(true)
})

test('a plugin inside the server has no sandbox that could be required', async () => {
  await using folder = await temporaryFolder()
  const path = await folder.write('acme.ts', loginSourceText('acme'))
  expect(await checkPlugin(path, { sandbox: 'require' })).toMatchObject({
    fault: 'sandbox',
    message: `Cannot use plugin ${path}: its sandbox is required, and inside the server there is none`,
  })
})

describe('permissions become a policy:', () => {
  const needs = { read: [], execute: [] }
  const ports = async (net: string[], config: object = {}) => {
    const expansion = { config: config as Record<string, unknown>, dataDir: '/nonexistent' }
    const policy = await policyOf({ ...NO_PERMISSIONS, net }, expansion, needs)
    return { ports: policy.ports, datagrams: policy.datagrams }
  }

  test.each<[string[], object, number[] | 'any', boolean]>([
    [[], {}, [], false],
    [['10.0.0.5:636'], {}, [636], false],
    [['[::1]:389', '127.0.0.1:389'], {}, [389], false],
    [['localhost:80'], {}, [80], false],
    [['ldap.example:636'], {}, [636], true],
    [['*:443'], {}, [443], true],
    [['10.0.0.5:*'], {}, 'any', false],
    [['{url}'], { url: 'https://directory.example' }, [443], true],
    [['{url}'], { url: 'https://10.0.0.5:8443/api' }, [8443], false],
    [['{urls}'], { urls: ['ldap://a.example', 'ldaps://b.example'] }, [389, 636], true],
    [['{server}'], { server: '10.0.0.5:1234' }, [1234], false],
    [['{absent}'], {}, [], false],
    [['{url}'], { url: 'gopher://10.0.0.5' }, [], false],
  ])('net %j with %j', async (net, config, wanted, datagrams) => {
    expect(await ports(net, config)).toEqual({ ports: wanted, datagrams })
  })

  test('paths start in the data folder, and those to write to are made', async () => {
    await using folder = await temporaryFolder()
    const permissions = { ...NO_PERMISSIONS, read: ['{file}', '/etc/motd'], write: ['records', '{more}'] }
    const config = { file: 'people.json', more: ['a', 'b'] }
    const policy = await policyOf(permissions, { config, dataDir: folder.path }, needs)
    const inside = (name: string) => join(folder.path, name)
    expect(policy.read).toContain(inside('people.json'))
    expect(policy.read).toContain('/etc/motd')
    expect(policy.write).toEqual([inside('records'), inside('a'), inside('b'), '/dev/null'])
    expect((await readdir(folder.path)).toSorted()).toEqual(['a', 'b', 'records'])
  })
})
