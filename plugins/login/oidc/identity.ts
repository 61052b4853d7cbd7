/** From what an upstream says of somebody to an identity, or why this one may not log in. */
import type { Identity, Verdict } from '#plugin'
import type { Options } from './options.ts'

type Claims = Readonly<Record<string, unknown>>

/** OpenID Connect standard claims that are passed on as they are. */
const STANDARD = [
  'given_name',
  'family_name',
  'middle_name',
  'nickname',
  'profile',
  'picture',
  'website',
  'gender',
  'birthdate',
  'zoneinfo',
  'locale',
  'phone_number',
  'phone_number_verified',
  'address',
] as const

export function verdictOn(claims: Claims, options: Options): Verdict {
  const { claims: paths } = options
  const externalId = textOf(at(claims, paths.id))
  const username = textOf(at(claims, paths.username)) ?? textOf(at(claims, paths.email))
  if (externalId === undefined || username === undefined)
    return refused('unavailable', `the upstream says no ${externalId === undefined ? paths.id : paths.username}`)
  const groups = listOf(at(claims, paths.groups))
  const mail = mailOf(claims, options)
  const fault = barred({ groups, mail }, options)
  if (fault !== undefined) return refused('not-allowed', fault)
  return { ok: true, identity: identityOf({ claims, externalId, username, groups, mail }, options) }
}

interface Mail {
  readonly address: string
  readonly verified: boolean
}
interface Person {
  readonly claims: Claims
  readonly externalId: string
  readonly username: string
  readonly groups: readonly string[]
  readonly mail: Mail | undefined
}

function identityOf({ claims, externalId, username, groups, mail }: Person, options: Options): Identity {
  const { groupsPrefix, claims: paths } = options
  const displayName = textOf(at(claims, paths.displayName))
  const known = STANDARD.filter((name) => claims[name] !== undefined).map((name) => [name, claims[name]])
  const ours = groups.filter((group) => group.startsWith(groupsPrefix)).map((group) => group.slice(groupsPrefix.length))
  return {
    externalId,
    username,
    ...(mail && { email: mail.address, emailVerified: mail.verified }),
    ...(displayName !== undefined && { displayName }),
    groups: [...new Set(ours.filter((group) => group !== ''))],
    claims: { ...Object.fromEntries(known), email_verified: mail?.verified ?? false },
    amr: listOf(claims['amr']).slice(0, 16),
  }
}

function mailOf(claims: Claims, { claims: paths, believesMail }: Options): Mail | undefined {
  const address = textOf(at(claims, paths.email))
  if (address === undefined) return undefined
  const word = at(claims, paths.emailVerified)
  return { address, verified: believesMail && (word === true || word === 'true') }
}

/** Why somebody may not log in, for the operator's log. */
function barred(
  { groups, mail }: { readonly groups: readonly string[]; readonly mail: Mail | undefined },
  { requiredGroups, allowedDomains }: Options,
): string | undefined {
  if (requiredGroups && !requiredGroups.some((group) => groups.includes(group))) return 'in none of requiredGroups'
  if (!allowedDomains) return undefined
  const domain = mail?.address.slice(mail.address.lastIndexOf('@') + 1).toLowerCase()
  if (!mail?.verified || domain === undefined) return 'no verified mail address'
  return allowedDomains.some((each) => each.toLowerCase() === domain)
    ? undefined
    : `the domain ${domain} is not allowed`
}

/** A claim by its name, or by the way to it: `realm_access.roles`. */
function at(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? (value as Claims)[name]
      : undefined
  }, claims)
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function listOf(value: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  return all.flatMap((each) => textOf(each) ?? [])
}

export function refused(why: 'credentials' | 'not-allowed' | 'unavailable', detail: string): Verdict {
  return { ok: false, why, detail: detail.replaceAll(/[\r\n]+/g, ' ').slice(0, 300) }
}
