/**
 * Folders that hold a newer Debian with its RabbitMQ, for `startBroker` to change its root to. Made by mmdebstrap from
 * the mirror in this machine's own apt sources, kept in the temporary folder of the system for the next run.
 */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Glob } from 'bun'
import { OWN_MOUNTS } from './broker.ts'

export type Suite = 'trixie' | 'sid'

/** Why no such folder can be made here, or `undefined`. */
export function brokerRootFault(): string | undefined {
  if (process.platform !== 'linux') return 'newer brokers run in a chroot, which takes Linux'
  if (process.getuid?.() !== 0) return 'newer brokers run in a chroot, which takes root'
  for (const tool of ['mmdebstrap', 'unshare', 'chroot']) {
    if (Bun.which(tool) === null) return `${tool} is not installed (apt-get install mmdebstrap util-linux)`
  }
  const { success, stderr } = Bun.spawnSync([...OWN_MOUNTS, 'true'])
  if (!success) return `newer brokers need mounts of their own, which this system refuses: ${stderr.toString().trim()}`
  return undefined
}

/** The folder; made when it is not there yet. */
export async function brokerRoot(suite: Suite): Promise<string> {
  const root = join(tmpdir(), `leveret-broker-${suite}`)
  if (existsSync(join(root, 'usr/lib/rabbitmq/bin/rabbitmq-server'))) return root
  const partial = `${root}.partial`
  await rm(partial, { recursive: true, force: true })
  const child = Bun.spawn(
    [
      'mmdebstrap',
      '--mode=root',
      '--variant=minbase',
      '--include=rabbitmq-server,ca-certificates',
      // Frozen mirrors serve lists whose end of validity is over; their signature is still checked.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      suite,
      partial,
      `deb ${await debianMirror()} ${suite} main`,
    ],
    { stdout: 'ignore', stderr: 'pipe' },
  )
  const [code, said] = await Promise.all([child.exited, new Response(child.stderr).text()])
  if (code !== 0) throw new Error(`Cannot prepare ${suite}:\n${said.slice(-2000)}`)
  await Bun.write(join(partial, 'etc/hosts'), '127.0.0.1 localhost\n')
  await rename(partial, root)
  return root
}

/** The first Debian archive that apt uses on this machine. */
async function debianMirror(): Promise<string> {
  const files = ['/etc/apt/sources.list', ...new Glob('/etc/apt/sources.list.d/*').scanSync({ absolute: true })]
  for (const file of files.filter((path) => existsSync(path))) {
    const text = await Bun.file(file).text()
    const found = /^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s+)?)(\S+\/debian\/?)(?:\s|$)/m.exec(text)?.[1]
    if (found !== undefined) return found
  }
  throw new Error('Cannot find a Debian mirror in the apt sources of this machine')
}
