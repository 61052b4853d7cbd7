/** Standard claims of a person on the command line: `--claim given_name=Alice`, `--claim address.country=DE`. */
import { nearest } from '../config/nearest.ts'
import { CLAIMS_OF_SCOPE } from '../core/token/standard-claims.ts'
import { UsageError } from './command.ts'

type Claims = Readonly<Record<string, unknown>>

/** Claims that the record itself answers, and where to change it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  name: 'is set with --display-name',
  email: 'is set with --email',
  preferred_username: 'is always the user name',
  updated_at: 'is always the time of the last change',
}
const ADDRESS_PARTS = ['formatted', 'street_address', 'locality', 'region', 'postal_code', 'country']
const FLAGS: ReadonlySet<string> = new Set(['email_verified', 'phone_number_verified'])
const SCOPES = ['profile', 'email', 'phone', 'address'] as const

/** What can be set: claims of the scopes of a person, the address in its parts (OpenID Connect Core section 5.1). */
export const SETTABLE_CLAIMS: readonly string[] = SCOPES.flatMap((scope) => CLAIMS_OF_SCOPE[scope] ?? []).flatMap(
  (name) =>
    name === 'address' ? ADDRESS_PARTS.map((part) => `address.${part}`) : Object.hasOwn(ELSEWHERE, name) ? [] : [name],
)
/** What can be taken away: the address also as a whole. */
export const REMOVABLE_CLAIMS: readonly string[] = [...SETTABLE_CLAIMS, 'address']

/** The merge patch (RFC 7396) of `claims` that these words mean; `undefined` when there are none. */
export function claimsPatch(set: readonly string[], unset: readonly string[]): Claims | undefined {
  if (set.length + unset.length === 0) return undefined
  const given = [...set.map(readClaim), ...unset.map((name) => ({ name, value: null }))]
  const patch = new Map<string, unknown>()
  const address = new Map<string, unknown>()
  for (const { name, value } of given) {
    const [part] = name.split('.').slice(1)
    const [place, key] = part === undefined ? [patch, name] : [address, part]
    if (place.has(key)) throw new UsageError(`claim ${name} is given twice`)
    place.set(key, value)
  }
  if (address.size > 0 && patch.has('address'))
    throw new UsageError('--unset-claim address takes the whole address away; leave its parts out')
  return { ...Object.fromEntries(patch), ...(address.size > 0 && { address: Object.fromEntries(address) }) }
}

/** `given_name=Alice`; an empty value takes the claim away. */
function readClaim(text: string): { readonly name: string; readonly value: string | boolean | null } {
  const at = text.indexOf('=')
  if (at < 0) throw new UsageError(`--claim takes NAME=VALUE, not "${text}"`)
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  if (!SETTABLE_CLAIMS.includes(name)) throw unknownClaim(name)
  if (value === '') return { name, value: null }
  if (!FLAGS.has(name)) return { name, value }
  if (value !== 'true' && value !== 'false') throw new UsageError(`claim ${name} is true or false, not "${value}"`)
  return { name, value: value === 'true' }
}

function unknownClaim(name: string): UsageError {
  if (name === 'address')
    return new UsageError(`claim address is set in parts: ${ADDRESS_PARTS.map((part) => `address.${part}`).join(', ')}`)
  const elsewhere = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined
  if (elsewhere !== undefined) return new UsageError(`claim ${name} ${elsewhere}`)
  const near = nearest(name, SETTABLE_CLAIMS)
  const hint = near === undefined ? `known: ${SETTABLE_CLAIMS.join(', ')}` : `did you mean "${near}"?`
  return new UsageError(`unknown claim "${name}"; ${hint}`)
}

/** One line for each claim, the address in its parts. */
export function claimLines(claims: Claims): (readonly [string, string])[] {
  return Object.entries(claims).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([part, text]) => [`${name}.${part}`, shown(text)] as const)
      : [[name, shown(value)] as const],
  )
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
