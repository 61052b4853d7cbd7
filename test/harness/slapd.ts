/** The distribution's real OpenLDAP server in a temporary folder on loopback: ldap and ldaps, overlays, people, groups. */
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Subprocess } from 'bun'
import { freePort } from './broker.ts'
import { testCertificates } from './certificates.ts'
import { slapdConf } from './slapd-conf.ts'
import { people } from './slapd-people.ts'
import { runTool } from './tool.ts'
import { until } from './until.ts'

const SLAPD = '/usr/sbin/slapd'
export const BASE = 'dc=corp,dc=example'
export const SERVICE = { bindDn: `cn=svc,ou=Service,${BASE}`, bindPassword: 'svc secret' }
export const ADMIN = { dn: `cn=admin,${BASE}`, password: 'admin secret' }

export interface Slapd extends AsyncDisposable {
  readonly ldap: string
  readonly ldaps: string
  readonly caFile: string
  /** Another server certificate of another CA: what nobody has reason to believe. */
  readonly pid: () => number
  /** Adds, changes or deletes entries as the administrator. */
  change(ldif: string): Promise<void>
  /** Stops answering without ending: connections are accepted by the kernel and nothing comes back. */
  freeze(): void
  thaw(): void
  kill(): Promise<void>
  start(): Promise<void>
  /** How many connections it sees now, this question's own left out. */
  connections(): Promise<number>
}

export interface SlapdOptions {
  /** Further lines of the configuration, before the database. */
  readonly conf?: string
  /** Further entries. */
  readonly ldif?: string
  /** Clients need a certificate of the CA. */
  readonly clientCertificates?: boolean
}

/** A `describe` for what needs the real server: fails where it must be there, else says why it is skipped. */
export function describeSlapd(name: string, body: () => void): void {
  if (existsSync(SLAPD)) return describe(name, body)
  const reason = 'OpenLDAP is not installed (apt-get install slapd ldap-utils)'
  if (Bun.env.CI === 'true' || Bun.env.LEVERET_REAL === '1') {
    return test(name, () => expect(reason).toBeUndefined())
  }
  console.warn(`skipped: ${name}: ${reason}`)
  describe.skip(`${name}: ${reason}`, body)
}

export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'leveret-slapd-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'db'))
  const { caFile, server } = await testCertificates()
  await Bun.write(
    join(folder, 'slapd.conf'),
    slapdConf({ folder, caFile, server, base: BASE, admin: ADMIN, ...options }),
  )
  const ports = { ldap: freePort(), ldaps: freePort() }
  const urls = { ldap: `ldap://127.0.0.1:${ports.ldap}`, ldaps: `ldaps://127.0.0.1:${ports.ldaps}` }
  let process_ = await launch(folder, urls)
  stack.defer(() => ended(process_))
  const change = async (input: string): Promise<void> => {
    const who = ['-D', ADMIN.dn, '-w', ADMIN.password]
    await runTool(['ldapmodify', '-M', '-e', 'relax', '-x', '-H', urls.ldap, ...who], { input })
  }
  // The memberof overlay follows what is added while the server runs.
  await change(`${people(BASE)}${options.ldif ?? ''}`)
  const disposal = stack.move()
  return {
    ...urls,
    caFile,
    pid: () => process_.pid,
    change,
    freeze: () => process_.kill('SIGSTOP'),
    thaw: () => process_.kill('SIGCONT'),
    kill: () => ended(process_),
    async start() {
      process_ = await launch(folder, urls)
    },
    async connections() {
      const seen = await Bun.file(`/proc/${process_.pid}/net/tcp`).text()
      const wanted = Object.values(ports).map((port) => port.toString(16).toUpperCase().padStart(4, '0'))
      const established = / 0100007F:([0-9A-F]{4}) [0-9A-F]{8}:[0-9A-F]{4} 01 /g
      return [...seen.matchAll(established)].filter(([, port = '']) => wanted.includes(port)).length
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

async function launch(folder: string, urls: { readonly ldap: string; readonly ldaps: string }): Promise<Subprocess> {
  const listen = [urls.ldap, urls.ldaps].join(' ')
  const child = Bun.spawn(
    ['setpriv', '--pdeathsig=SIGKILL', SLAPD, '-h', listen, '-f', join(folder, 'slapd.conf'), '-d', '0'],
    { stdout: 'ignore', stderr: Bun.file(join(folder, 'slapd.out')), cwd: folder },
  )
  const answers = () =>
    Bun.connect({
      hostname: '127.0.0.1',
      port: Number(new URL(urls.ldaps).port),
      socket: { data() {}, open: (socket) => void socket.end() },
    })
      .then(() => true)
      .catch(() => false)
  if (await until(async () => child.exitCode !== null || (await answers()), 20_000)) {
    if (child.exitCode === null) return child
  }
  await ended(child)
  throw new Error(`Cannot start slapd:\n${await Bun.file(join(folder, 'slapd.out')).text()}`)
}

async function ended(child: Subprocess): Promise<void> {
  child.kill('SIGKILL')
  await child.exited
}
