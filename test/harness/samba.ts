/**
 * The distribution's Samba as a real Active Directory domain controller, in a temporary folder on an address of its own
 * below 127/8: its LDAP ports are fixed. Provisioned once, every domain is a copy of that.
 */
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Subprocess } from 'bun'
import { freePort } from './broker.ts'
import { testCertificates } from './certificates.ts'
import { smbConf } from './samba-conf.ts'
import { runTool } from './tool.ts'
import { until } from './until.ts'

export const REALM = 'AD.EXAMPLE'
export const AD_BASE = 'DC=ad,DC=example'
const DOMAIN = 'AD'
const ADMIN_PASSWORD = 'Passw0rd!Admin'

export interface Samba extends AsyncDisposable {
  readonly address: string
  readonly ldaps: string
  readonly ldap: string
  readonly caFile: string
  /** TCP and UDP port of the key distribution centre. */
  readonly kdcPort: number
  readonly folder: string
  /** Adds, changes or deletes entries as the administrator. */
  change(ldif: string): Promise<void>
  /** `samba-tool` on this domain. */
  tool(...args: readonly string[]): Promise<string>
  freeze(): void
  thaw(): void
}

/** A `describe` for what needs a domain: fails where Samba must be there, else says why it is skipped. */
export function describeSamba(name: string, body: () => void): void {
  const missing = !existsSync('/usr/sbin/samba') || !existsSync('/usr/share/samba/setup/provision.ldif')
  if (!missing && process.getuid?.() === 0) return describe(name, body)
  const reason = missing
    ? 'Samba is not installed (apt-get install samba samba-ad-dc samba-ad-provision winbind)'
    : 'a domain controller has fixed ports that only root may bind'
  if (missing && (Bun.env.CI === 'true' || Bun.env.LEVERET_REAL === '1')) {
    return test(name, () => expect(reason).toBeUndefined())
  }
  console.warn(`skipped: ${name}: ${reason}`)
  describe.skip(`${name}: ${reason}`, body)
}

export async function startSamba(): Promise<Samba> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'leveret-samba-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await cp(await provisioned(), folder, { recursive: true, force: true })
  const address = await freeAddress()
  const { caFile, certFile, keyFile } = await certificate(address)
  const ports = { kdcPort: freePort(), passwordPort: freePort() }
  const conf = join(folder, 'etc/smb.conf')
  await Bun.write(conf, smbConf({ folder, address, caFile, certFile, keyFile, realm: REALM, domain: DOMAIN, ...ports }))
  const server = Bun.spawn(
    ['setpriv', '--pdeathsig=SIGKILL', '/usr/sbin/samba', '-i', '-M', 'single', '-s', conf, '--debug-stdout'],
    { stdin: 'ignore', stdout: Bun.file(join(folder, 'out')), stderr: Bun.file(join(folder, 'err')) },
  )
  stack.defer(() => ended(server))
  await started(server, { address, kdcPort: ports.kdcPort, folder })
  const ldaps = `ldaps://${address}`
  const disposal = stack.move()
  return {
    address,
    ldaps,
    ldap: `ldap://${address}`,
    caFile,
    kdcPort: ports.kdcPort,
    folder,
    async change(ldif) {
      const who = ['-D', `Administrator@${REALM}`, '-w', ADMIN_PASSWORD]
      await runTool(['ldapmodify', '-x', '-H', ldaps, ...who], { input: ldif, env: { LDAPTLS_CACERT: caFile } })
    },
    tool: (...args) => runTool(['samba-tool', ...args, '-s', conf, '-H', join(folder, 'private/sam.ldb')]),
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

/** An attribute value as `unicodePwd` wants it. */
export function unicodePassword(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le')
}

/**
 * A domain that was provisioned on this machine before, else a new one, which takes seconds. Of processes that need one at
 * the same time each makes its own and one of them stays.
 */
async function provisioned(): Promise<string> {
  const version = (await runTool(['/usr/sbin/samba', '--version'])).trim().replaceAll(/[^\w.-]+/g, '-')
  const kept = join(tmpdir(), `leveret-samba-domain-${process.getuid?.()}-${version}`)
  if (existsSync(join(kept, 'private/sam.ldb'))) return kept
  const fresh = await mkdtemp(`${kept}-`)
  const options = ['--option=interfaces=lo', '--option=bind interfaces only=yes']
  const names = [`--realm=${REALM}`, `--domain=${DOMAIN}`, `--adminpass=${ADMIN_PASSWORD}`, '--host-name=dc1']
  const how = ['--server-role=dc', '--use-rfc2307', '--dns-backend=NONE', '--host-ip=127.0.0.1', `--targetdir=${fresh}`]
  try {
    await runTool(['samba-tool', 'domain', 'provision', ...how, ...names, ...options])
    await rename(fresh, kept)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    if (!existsSync(join(kept, 'private/sam.ldb'))) throw error
  }
  return kept
}

async function certificate(address: string) {
  const { caFile, issue } = await testCertificates()
  return { caFile, ...(await issue(`dc-${address}`, [`IP:${address}`, 'DNS:dc1.ad.example', 'DNS:localhost'])) }
}

async function freeAddress(): Promise<string> {
  for (;;) {
    const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint8Array(3))
    const address = `127.${1 + (a % 250)}.${b}.${1 + (c % 250)}`
    if (!(await answers(address, 389))) return address
  }
}

async function started(
  server: Subprocess,
  { address, kdcPort, folder }: { readonly address: string; readonly kdcPort: number; readonly folder: string },
): Promise<void> {
  const up = async () => (await answers(address, 636)) && (await answers(address, kdcPort))
  if ((await until(async () => server.exitCode !== null || (await up()), 60_000)) && server.exitCode === null) return
  const said = await Promise.all(['out', 'err'].map((name) => Bun.file(join(folder, name)).text()))
  throw new Error(`Cannot start Samba:\n${said.join('\n').slice(-4_000)}`)
}

async function answers(hostname: string, port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname, port, socket: { data() {} } })
    socket.end()
    return true
  } catch {
    return false
  }
}

async function ended(server: Subprocess): Promise<void> {
  server.kill('SIGKILL')
  await server.exited
}
