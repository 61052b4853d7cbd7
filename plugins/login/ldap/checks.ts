/** What the schema cannot say because it concerns several keys, or a language of its own (DN, filter, URL). */
import { FilterParser } from 'ldapts'
import type { Given } from './config.ts'
import { parseDn } from './dn.ts'
import type { Faults } from './legacy.ts'
import type { Binding, Options } from './options.ts'
import { placeholders } from './templates.ts'

/** What a name at a login may fill in. */
const NAMES = ['username', 'input', 'principal']

/** The servers, and whether passwords would travel unprotected to one of them. */
export function urlsOf(
  urls: readonly string[],
  { startTls, allowPlaintext }: Pick<Given, 'startTls' | 'allowPlaintext'>,
  faults: Faults,
): URL[] {
  if (urls.length === 0) faults.push('urls is required: a list such as ["ldaps://ldap.corp.example"]')
  const parsed = urls.flatMap((text, index) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const usable =
      url && ['ldap:', 'ldaps:'].includes(url.protocol) && url.hostname !== '' && /^\/?$/.test(url.pathname)
    if (usable) return [url]
    faults.push(`urls[${index}] must be ldaps://host or ldap://host, perhaps with a port, not "${text}"`)
    return []
  })
  const plain = parsed.filter(({ protocol }) => protocol === 'ldap:')
  if (startTls && parsed.length > 0 && plain.length === 0)
    faults.push('startTls is for ldap:// servers, and there are none')
  if (plain.length > 0 && !startTls && !allowPlaintext) {
    const ways = 'use ldaps://, set startTls = true or, where nobody can listen, allowPlaintext = true'
    faults.push(`${plain.map(({ href }) => href).join(', ')} would get passwords without TLS: ${ways}`)
  }
  return parsed
}

export function checkTls({ tls, loginDeadlineMs, connectTimeoutMs }: Given, options: Options, faults: Faults): void {
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    const [missing, given] = tls.certFile === undefined ? ['certFile', 'keyFile'] : ['keyFile', 'certFile']
    faults.push(`tls.${missing} is required because tls.${given} is set`)
  }
  if (tls.ca !== undefined && options.tls.caFile !== undefined) faults.push('tls.ca and tls.caFile exclude each other')
  if (loginDeadlineMs < connectTimeoutMs) faults.push('loginDeadlineMs must be at least connectTimeoutMs')
}

export function checkBinding(given: Given, binding: Binding, faults: Faults): void {
  const { bindDn, bindPassword } = given
  if (bindDn !== undefined && bindPassword === undefined) faults.push('bindPassword is required because bindDn is set')
  if (bindDn === undefined && bindPassword !== undefined) faults.push('bindDn is required because bindPassword is set')
  // A bare word would be taken for a SASL mechanism or, by some servers, for nobody.
  if (bindDn !== undefined && !/[=@\\]/.test(bindDn)) faults.push('bindDn must be a DN, user@domain or DOMAIN\\user')
  if (binding.mode === 'upn' && binding.domain === undefined) faults.push('domain is required with bindMode = "upn"')
  if (binding.mode === 'template') checkTemplate(binding.template, faults)
}

function checkTemplate(template: string, faults: Faults): void {
  if (template === '') faults.push('userDnTemplate is required with bindMode = "template"')
  else if (!placeholders(template).some((name) => NAMES.includes(name))) {
    faults.push('userDnTemplate must contain {username}')
  } else if (!parseDn(template.replace(/\{\w+\}/g, 'x'))) {
    faults.push('userDnTemplate must be a DN such as "uid={username},ou=people,dc=corp,dc=example"')
  }
}

export function checkNames({ users, groups }: Options, faults: Faults): void {
  const names = { 'baseDn or userSearch.baseDn': users.base, 'baseDn or groups.baseDn': groups.base }
  for (const [key, dn] of Object.entries(names)) {
    if (dn !== '' && !parseDn(dn)) faults.push(`${key} must be a DN such as "dc=corp,dc=example", not "${dn}"`)
  }
}

export function checkGroups({ groups: { mode, required } }: Options, faults: Faults): void {
  if (required === undefined) return
  if (mode === 'none') faults.push('groups.required keeps everybody out with groups.mode = "none"')
  if (required.includes('=') && !parseDn(required)) faults.push(`groups.required is no DN: "${required}"`)
}

export function checkFilters({ users, groups }: Options, faults: Faults): void {
  checkFilter('userSearch.filter', users.filter, { of: NAMES, needed: true }, faults)
  const ofGroups = groups.mode === 'filter' ? ['dn', ...NAMES] : []
  checkFilter('groups.filter', groups.filter, { of: ofGroups, needed: groups.mode === 'filter' }, faults)
  if (groups.admin) checkFilter('groups.adminFilter', groups.admin.filter, { of: [], needed: false }, faults)
}

function checkFilter(
  key: string,
  filter: string,
  { of, needed }: { readonly of: readonly string[]; readonly needed: boolean },
  faults: Faults,
): void {
  const used = placeholders(filter)
  const names = of.map((name) => `{${name}}`).join(' or ')
  const unknown = used.filter((name) => !of.includes(name))
  if (unknown.length > 0) faults.push(`${key} may not contain {${unknown[0]}}${names === '' ? '' : `, only ${names}`}`)
  if (needed && used.length === 0) faults.push(`${key} must contain ${names}`)
  try {
    FilterParser.parseString(filter.replace(/\{\w+\}/g, 'x'))
  } catch (error) {
    faults.push(`${key} is no filter: ${error instanceof Error ? error.message : String(error)}`)
  }
}
