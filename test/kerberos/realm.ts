/** A server whose people come from a realm, and clients with tickets of it. */
import { join } from 'node:path'
import { REALM, SERVICE, type ClientEnv, type Kdc } from '../harness/kdc.ts'
import { OPERATOR, startTestServer, type TestServer, type TestServerOptions } from '../harness/server.ts'
import { runTool } from '../harness/tool.ts'

const LOCAL = { type: 'local', id: 'local', memoryKib: 8192, iterations: 1 }
export type Section = Readonly<Record<string, unknown>>

export function sectionOf({ keytab, krb5Conf, folder }: Pick<Kdc, 'keytab' | 'krb5Conf' | 'folder'>): Section {
  const replayCache = join(folder, `replay-${crypto.randomUUID()}`)
  return { type: 'kerberos', id: 'realm', keytab, services: [SERVICE], realms: [REALM], krb5Conf, replayCache }
}

/** Those whom the tests let in may have a session for vhost `prod`. */
export async function startServerOf(
  section: Section,
  config: Section = {},
  options: TestServerOptions = {},
): Promise<TestServer> {
  const server = await startTestServer({ ...options, config: { login: [LOCAL, section], ...config } })
  const { core } = server.instance
  await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  for (const subject of ['alice', 'root', `alice@${REALM}`, 'alice/admin', 'a.example'])
    await core.rules.create({ subjectKind: 'user', subject, vhost: 'prod', preset: 'owner' }, OPERATOR)
  await core.rules.create({ subjectKind: 'group', subject: 'staff', vhost: 'prod', preset: 'owner' }, OPERATOR)
  return server
}

export interface Answered {
  /** Of every answer on the way, and of the last one. */
  readonly statuses: readonly number[]
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** Of every answer on the way: what it asks for, or the proof that it brings. */
  readonly challenges: readonly string[]
}

/** curl of the distribution, which speaks SPNEGO by the same library as browsers on Linux do. */
export async function curlLogin(server: Pick<TestServer, 'port'>, env: ClientEnv | undefined, ...more: string[]) {
  const url = `http://localhost:${server.port}/auth/session/login`
  const words = ['curl', '-sS', '--negotiate', '-u', ':', '-X', 'POST', '--include']
  const child = Bun.spawn([...words, ...more, url], {
    env: { PATH: '/usr/bin:/bin', ...(env ?? { KRB5CCNAME: 'FILE:/nonexistent/cc' }) },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, said] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  // One answer after the other, the last one with the body that counts.
  const [, head = '', body = ''] = /^([^]*)\r\n\r\n([^]*)$/.exec(out) ?? []
  const statuses = [...head.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status))
  if (body === '') throw new Error(`curl has no answer: ${said}${out}`)
  const challenges = [...head.matchAll(/^www-authenticate: (.*?)\r?$/gim)].map(([, value = '']) => value)
  const answer: Answered = { statuses, status: statuses.at(-1) ?? 0, body: JSON.parse(body), challenges }
  return answer
}

/** Tokens for `Authorization: Negotiate`, each good for one login. */
export async function makeTokens(env: ClientEnv, count = 1, service = `${SERVICE}@${REALM}`): Promise<string[]> {
  const maker = join(import.meta.dir, '../harness/ticket-maker.ts')
  return (await runTool([process.execPath, maker, service, String(count)], { env })).trim().split('\n')
}

export function present(server: TestServer, token: string, body?: unknown): Promise<Response> {
  return server.fetch('/auth/session/login', {
    method: 'POST',
    headers: { authorization: `Negotiate ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

export function typed(server: TestServer, username: string, password: string): Promise<Response> {
  return server.fetch('/auth/session/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  })
}

/** The newest login event. */
export async function lastLogin(server: TestServer) {
  const { rows } = await server.instance.core.audit.list({ event: 'login', limit: 1 })
  return rows[0]
}
