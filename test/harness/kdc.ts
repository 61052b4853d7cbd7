/** MIT's real key distribution centre with a realm of its own, in a temporary folder on a free port. No root needed. */
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './broker.ts'
import { runTool } from './tool.ts'
import { until } from './until.ts'

export const REALM = 'TEST.EXAMPLE'
export const SERVICE = 'HTTP/localhost'

/** How a client reaches a realm: its configuration, and where its tickets are. */
export type ClientEnv = Readonly<Record<'KRB5_CONFIG' | 'KRB5CCNAME', string>>

export interface Kdc extends AsyncDisposable {
  readonly folder: string
  readonly krb5Conf: string
  readonly kdcConf: string
  readonly keytab: string
  readonly port: number
  /** Runs commands of the administrator, one a line. */
  admin(...commands: readonly string[]): Promise<string>
  /** Gets a ticket and returns the environment of a client that has it. */
  logIn(principal: string, password: string): Promise<ClientEnv>
  freeze(): void
  thaw(): void
  stop(): Promise<void>
}

/** A `describe` for what needs a KDC: fails where one must be there, else says why it is skipped. */
export function describeKdc(name: string, body: () => void): void {
  if (existsSync('/usr/sbin/krb5kdc') && Bun.which('kinit')) return describe(name, body)
  const reason = 'MIT Kerberos is not installed (apt-get install krb5-kdc krb5-admin-server krb5-user)'
  if (Bun.env.CI === 'true' || Bun.env.LEVERET_REAL === '1') return test(name, () => expect(reason).toBeUndefined())
  console.warn(`skipped: ${name}: ${reason}`)
  describe.skip(`${name}: ${reason}`, body)
}

export interface KdcOptions {
  /** Principals and their passwords. */
  readonly people?: Readonly<Record<string, string>>
  /** Makes the service and its keytab, unless told not to. */
  readonly services?: boolean
  /** More lines of krb5.conf, about the realm. */
  readonly conf?: string
  readonly port?: number
}

export async function startKdc(options: KdcOptions = {}): Promise<Kdc> {
  const { people = {}, services = true, conf = '', port = freePort() } = options
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'leveret-kdc-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o755) // a sidecar that runs as somebody else reads its configuration and keytab here
  const krb5Conf = join(folder, 'krb5.conf')
  const kdcConf = join(folder, 'kdc.conf')
  const keytab = join(folder, 'http.keytab')
  await Promise.all([
    Bun.write(krb5Conf, clientConf(REALM, `127.0.0.1:${port}`, conf)),
    Bun.write(kdcConf, serverConf(folder, port)),
  ])
  const env = { KRB5_CONFIG: krb5Conf, KRB5_KDC_PROFILE: kdcConf }
  await runTool(['/usr/sbin/kdb5_util', 'create', '-s', '-r', REALM, '-P', 'master'], { env })
  const admin = (...commands: readonly string[]) =>
    runTool(['/usr/sbin/kadmin.local', '-r', REALM], { input: `${commands.join('\n')}\n`, env })
  await admin(
    ...Object.entries(people).map(([name, password]) => `addprinc -pw "${password}" +requires_preauth ${name}`),
    ...(services ? [`addprinc -randkey ${SERVICE}`, `ktadd -k ${keytab} ${SERVICE}`] : []),
  )
  const server = Bun.spawn(['setpriv', '--pdeathsig=SIGKILL', '/usr/sbin/krb5kdc', '-n'], {
    env,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: Bun.file(join(folder, 'err')),
  })
  const stop = async () => {
    server.kill('SIGKILL')
    await server.exited
  }
  stack.defer(stop)
  if (!(await until(async () => server.exitCode !== null || (await answers(port)))) || server.exitCode !== null)
    throw new Error(`Cannot start krb5kdc: ${await Bun.file(join(folder, 'err')).text()}`)
  const disposal = stack.move()
  return {
    folder,
    krb5Conf,
    kdcConf,
    keytab,
    port,
    admin,
    logIn: (principal, password) => logInWith({ krb5Conf, folder }, principal, password),
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    stop,
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

/** `kinit` with a cache of its own. */
export async function logInWith(
  { krb5Conf, folder }: { readonly krb5Conf: string; readonly folder: string },
  principal: string,
  password: string,
  ...options: readonly string[]
): Promise<ClientEnv> {
  const env = { KRB5_CONFIG: krb5Conf, KRB5CCNAME: `FILE:${join(folder, `cc-${crypto.randomUUID()}`)}` }
  await runTool(['kinit', ...options, principal], { input: `${password}\n`, env })
  return env
}

/** Names are taken as they are: neither DNS nor the network of this machine has a say. */
export function clientConf(realm: string, kdc: string, more = ''): string {
  return `[libdefaults]
default_realm = ${realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
${realm} = {
  kdc = ${kdc}
  ${more}
}
[domain_realm]
localhost = ${realm}
`
}

function serverConf(folder: string, port: number): string {
  return `[kdcdefaults]
kdc_listen = 127.0.0.1:${port}
kdc_tcp_listen = 127.0.0.1:${port}
[realms]
${REALM} = {
  database_name = ${folder}/principal
  key_stash_file = ${folder}/stash
  acl_file = ${folder}/kadm5.acl
  supported_enctypes = aes256-cts-hmac-sha1-96:normal
}
[logging]
kdc = FILE:${folder}/kdc.log
default = FILE:${folder}/krb5.log
`
}

async function answers(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } })
    socket.end()
    return true
  } catch {
    return false
  }
}
