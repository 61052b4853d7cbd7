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

/** A name as typed, and without a domain that is the directory's own: `CORP\alice`, `alice@corp.example`. */
export function spellings(
  input: string,
  domain: string | undefined,
): { readonly input: string; readonly username: string } {
  const own = domain?.toLowerCase()
  const [front, back] = [/^([^\\]+)\\(.+)$/.exec(input), /^(.+)@([^@]+)$/.exec(input)]
  if (own !== undefined && front && sameDomain(front[1] ?? '', own))
    return { input: front[2] ?? '', username: front[2] ?? '' }
  if (own !== undefined && back?.[2]?.toLowerCase() === own) return { input, username: back[1] ?? '' }
  return { input, username: input }
}

/** `CORP` is also the short name of `corp.example`. */
function sameDomain(typed: string, own: string): boolean {
  const name = typed.toLowerCase()
  return name === own || name === own.split('.')[0]
}
