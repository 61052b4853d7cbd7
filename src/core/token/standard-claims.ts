/** What is said of a person: OpenID Connect Core sections 5.1, 5.4 and 5.5. */
import type { Subject } from '../users/users.ts'

const PROFILE = [
  'name',
  'family_name',
  'given_name',
  'middle_name',
  'nickname',
  'preferred_username',
  'profile',
  'picture',
  'website',
  'gender',
  'birthdate',
  'zoneinfo',
  'locale',
  'updated_at',
] as const

/** Claims that each scope asks for. */
export const CLAIMS_OF_SCOPE: Readonly<Record<string, readonly string[]>> = {
  profile: PROFILE,
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
  groups: ['groups', 'roles'],
}
export const CLAIMS_SUPPORTED: readonly string[] = ['sub', ...Object.values(CLAIMS_OF_SCOPE).flat()]

/** The `claims` parameter for one place, `userinfo` or `id_token`: names, and values that were asked for. */
export function requestedClaims(claims: unknown, place: 'userinfo' | 'id_token'): ReadonlyMap<string, unknown> {
  if (typeof claims !== 'object' || claims === null || !(place in claims)) return new Map()
  const wanted: unknown = (claims as Record<string, unknown>)[place]
  return typeof wanted === 'object' && wanted !== null ? new Map(Object.entries(wanted)) : new Map()
}

/** Everything that is known of somebody, by claim name. Only values that are there. */
function known({ user, groups, roles }: Subject): Readonly<Record<string, unknown>> {
  const { claims } = user
  return {
    ...claims,
    name: user.displayName ?? claims['name'] ?? user.username,
    preferred_username: user.username,
    ...(user.email !== null && { email: user.email, email_verified: claims['email_verified'] === true }),
    updated_at: Math.floor(user.updatedAt / 1000),
    groups,
    roles,
  }
}

/** The claims that scopes and the `claims` parameter ask for. Never the ones that say who issued what to whom. */
export function personalClaims(
  subject: Subject,
  scopes: readonly string[],
  requested: ReadonlyMap<string, unknown>,
): Readonly<Record<string, unknown>> {
  const wanted = new Set([...scopes.flatMap((scope) => CLAIMS_OF_SCOPE[scope] ?? []), ...requested.keys()])
  const all = known(subject)
  return Object.fromEntries(
    CLAIMS_SUPPORTED.filter(
      (name) => wanted.has(name) && all[name] !== undefined && all[name] !== null && all[name] !== '',
    )
      .filter((name) => (name !== 'groups' && name !== 'roles') || scopes.includes('groups'))
      .map((name) => [name, all[name]]),
  )
}
