/** Filters and DNs with holes, and the only way that something from outside gets into one: escaped. */
import { escapeFilter } from 'ldapts'
import { escapeValue } from './dn.ts'

export type Values = Readonly<Record<string, string>>

export function placeholders(template: string): string[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}

export function fillFilter(template: string, values: Values): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => escapeFilter`${values[name] ?? ''}`)
}

export function fillDn(template: string, values: Values): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => escapeValue(values[name] ?? ''))
}

/** What a person may mean by a name, for filters and DNs. */
export interface Spelled extends Values {
  readonly input: string
  /** Without a domain that is the directory's own: `alice` of `CORP\\alice` and `alice@corp.example`. */
  readonly username: string
  /** With it: `alice@corp.example`. */
  readonly principal: string
}

export function spellings(typed: string, domain: string | undefined): Spelled {
  const own = domain?.toLowerCase()
  const [front, back] = [/^([^\\]+)\\(.+)$/.exec(typed), /^(.+)@([^@]+)$/.exec(typed)]
  const short = own !== undefined && front && sameDomain(front[1] ?? '', own) ? front[2] : undefined
  const input = short ?? typed
  const username = own !== undefined && back?.[2]?.toLowerCase() === own ? (back[1] ?? '') : input
  const bare = own === undefined || !own.includes('.') || username.includes('@')
  return { input, username, principal: bare ? input : `${username}@${domain}` }
}

/** `CORP` is also the short name of `corp.example`. */
function sameDomain(typed: string, own: string): boolean {
  const name = typed.toLowerCase()
  return name === own || name === own.split('.')[0]
}
