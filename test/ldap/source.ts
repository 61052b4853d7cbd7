/** The login source as the server opens it: its section checked and secrets read by the plugin host. */
import type { LoginSource, Verdict } from '#plugin'
import ldap from '../../plugins/login/ldap/index.ts'
import { openPlugin } from '../../src/host/open.ts'
import { testLog } from '../harness/core-accounts.ts'
import { BASE, SERVICE, type Slapd } from '../harness/slapd.ts'

export type Section = Readonly<Record<string, unknown>>

export function openLdap(section: Section, env: Readonly<Record<string, string>> = {}) {
  const { log, lines } = testLog()
  const context = {
    id: 'corp',
    log,
    now: () => Date.UTC(2026, 5, 1),
    signal: new AbortController().signal,
    dataDir: '.',
    credentials: { get: unused, put: unused, replace: unused, delete: unused },
  }
  const secrets = { SVC: SERVICE.bindPassword, ...env }
  const opened = openPlugin(ldap, { section: { type: 'ldap', ...section }, path: 'login[0]', env: secrets }, context)
  return opened.then((source) => Object.assign(source, { lines }))
}

/** A service account that searches over ldaps; what most have. */
export function searching({ ldaps, caFile }: Pick<Slapd, 'ldaps' | 'caFile'>, more: Section = {}): Section {
  const { bindDn } = SERVICE
  return { urls: [ldaps], tls: { caFile }, bindDn, bindPassword: { env: 'SVC' }, baseDn: BASE, ...more }
}

export async function verify(source: LoginSource, username: string, password: string, more = {}): Promise<Verdict> {
  if (!source.password) throw new Error('The source takes no passwords')
  return source.password.verify({ username, password, signal: new AbortController().signal, ...more })
}

/** `why` of a refusal, or the groups of who was let in. */
export async function outcome(source: LoginSource, username: string, password = `${username} secret`) {
  const verdict = await verify(source, username, password)
  return verdict.ok ? [...verdict.identity.groups].sort() : verdict.why
}

async function unused(): Promise<never> {
  throw new Error('An LDAP source keeps no secrets')
}
