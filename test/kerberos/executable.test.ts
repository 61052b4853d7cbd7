/** The sidecar of the compiled executable, and the executable where the Kerberos libraries are not. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { cp, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { builtExecutable, runExecutable, serveExecutable } from '../harness/executable.ts'
import { describeKdc, type Kdc, startKdc } from '../harness/kdc.ts'
import { type Folder, temporaryFolder } from '../harness/plugins.ts'
import { canMountAlone } from '../harness/privileges.ts'
import { runTool } from '../harness/tool.ts'
import { until } from '../harness/until.ts'
import { sidecarsOf } from './processes.ts'
import { curlLogin, sectionOf } from './realm.ts'

setDefaultTimeout(60_000)

describeKdc('the compiled executable', () => {
  let kdc: Kdc
  let executable: string
  beforeAll(async () => {
    const built = builtExecutable()
    kdc = await startKdc({ people: { alice: 'alice secret' } })
    executable = await built
  })
  afterAll(() => kdc?.[Symbol.asyncDispose]())

  /** A server that was set up as anybody would, with the realm as a further source. */
  async function setUp(): Promise<Folder> {
    const folder = await temporaryFolder()
    const { code, err } = await runExecutable({ executable, folder: folder.path }, 'init', '--port', '0', '--yes')
    if (code !== 0) throw new Error(err)
    const keys = Object.entries(sectionOf(kdc)).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
    const before = await Bun.file(join(folder.path, 'leveret.toml')).text()
    await folder.write('leveret.toml', `${before}\n[[login]]\n${keys.join('\n')}\n`)
    return folder
  }

  test('logs in by ticket, and leaves no sidecar behind when it is killed', async () => {
    await using folder = await setUp()
    const at = { executable, folder: folder.path }
    await using server = await serveExecutable(at)
    await runExecutable(at, 'rule', 'add', '--user', 'alice', '--vhost', 'prod', '--read', '*')
    const port = Number(new URL(server.url).port)
    const answer = await curlLogin({ port }, await kdc.logIn('alice', 'alice secret'))
    expect(answer).toMatchObject({ status: 200, body: { username: 'alice' } })
    const [sidecar] = await sidecarsOf(server.pid)
    expect(sidecar?.environment).toEqual([`KRB5_CONFIG=${kdc.krb5Conf}`])
    await server[Symbol.asyncDispose]()
    const gone = () =>
      runTool(['kill', '-0', String(sidecar?.pid)]).then(
        () => false,
        () => true,
      )
    expect(await until(gone, 5_000)).toBe(true)
  })

  test.if(canMountAlone())('runs without the Kerberos libraries, and names them when they are needed', async () => {
    await using folder = await setUp()
    await using root = await temporaryFolder()
    for (const file of [executable, ...(await librariesOf(executable))]) await copyInto(root, file)
    await cp(folder.path, join(root.path, 'srv'), { recursive: true })
    await copyInto(root, kdc.keytab)
    await Promise.all(['proc', 'dev', 'tmp'].map((name) => mkdir(join(root.path, name), { recursive: true })))
    const inRoot = (...words: readonly string[]) => {
      // A mount namespace of its own, so that nothing has to be undone.
      const script = 'mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && shift && exec chroot "$@"'
      const wrapped = ['--mount', 'sh', '-c', script, 'sh', root.path, root.path, executable, ...words]
      return runExecutable({ executable: 'unshare', folder: '/', env: { PATH: '/usr/sbin:/usr/bin:/bin' } }, ...wrapped)
    }
    const configured = join(root.path, 'srv/leveret.toml')
    const started = await inRoot('serve', '--config', '/srv/leveret.toml')
    expect(started.err).toContain('are not installed: install the Debian package libgssapi-krb5-2')
    expect(started.code).toBe(1)
    const text = await Bun.file(configured).text()
    await Bun.write(configured, text.slice(0, text.lastIndexOf('[[login]]')))
    expect(await inRoot('user', 'list', '--config', '/srv/leveret.toml')).toMatchObject({ code: 0, err: '' })
  })
})

/** What the loader of the executable needs, which says nothing of what it opens later. */
async function librariesOf(executable: string): Promise<string[]> {
  return [...(await runTool(['ldd', executable])).matchAll(/(?:=> |\t)(\/\S+) \(/g)].map(([, path = '']) => path)
}

async function copyInto(root: Folder, file: string): Promise<void> {
  const to = join(root.path, file)
  await mkdir(dirname(to), { recursive: true })
  await cp(file, to, { dereference: true })
}
