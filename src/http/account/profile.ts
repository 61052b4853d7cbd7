/** `/account`: who somebody is to applications. */
import { Type as t } from '@sinclair/typebox'
import { Problem } from '../../core/problem.ts'
import type { User } from '../../core/users/records.ts'
import type { UserChange } from '../../core/users/users.ts'
import type { ProfileField } from '../../web/account-view.ts'
import type { Endpoint } from '../endpoint.ts'
import { type AccountParts, accountEndpoints, noticeIn, PATHS, type Visit } from './visit.ts'

type Values = Readonly<Partial<Record<ProfileField, string>>>

const anything = () => true
/** What applications may rely on, where a standard says what it looks like (OpenID Connect Core section 5.1). */
const CHECKS: Readonly<Record<ProfileField, (value: string) => boolean>> = {
  name: anything,
  given_name: anything,
  family_name: anything,
  nickname: anything,
  website: isWebAddress,
  picture: isWebAddress,
  phone_number: (value) => /^\+?[\d ()/.-]{3,40}$/.test(value),
  birthdate: (value) => /^\d{4}(?:-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))?$/.test(value),
  zoneinfo: (value) => accepted(() => new Intl.DateTimeFormat('en', { timeZone: value })),
  locale: (value) => accepted(() => Intl.getCanonicalLocales(value.replaceAll('_', '-'))),
}
const FIELDS = Object.keys(CHECKS) as readonly ProfileField[]
const Text = t.Optional(t.String({ maxLength: 500 }))
const fields = Object.fromEntries(FIELDS.map((field) => [field, Text])) as Record<ProfileField, typeof Text>

export function profileRoutes(parts: AccountParts): readonly Endpoint[] {
  const { page, action } = accountEndpoints(parts)
  const { users } = parts.core

  function show(visit: Visit, values: Values, faulty: readonly ProfileField[] = []): Response {
    const { nav, user, form } = visit
    const fixed = users.keptHere(user) ? [] : FIELDS
    const email = user.email === null ? {} : { email: user.email }
    const view = { page: 'account-profile', nav, form: form(PATHS.profile), values, fixed, faulty, ...email } as const
    return visit.show({ version: 1, ...view, ...noticeIn(visit) }, { status: faulty.length > 0 ? 400 : 200 })
  }

  return [
    page(PATHS.profile, 'Page: the own profile', (visit) => show(visit, valuesOf(visit.user))),
    action(
      { path: PATHS.profile, page: PATHS.profile, summary: 'Form: change the own profile', fields },
      async (visit, given) => {
        if (!users.keptHere(visit.user)) throw new Problem('forbidden', 'This profile is kept by a directory')
        const faulty = FIELDS.filter((field) => !isUsable(field, given[field]?.trim() ?? ''))
        if (faulty.length > 0) return show(visit, given, faulty)
        await users.update(visit.user.id, changeOf(visit.user, given), visit.caller)
        return visit.done(PATHS.profile, 'saved')
      },
    ),
  ]
}

function valuesOf({ displayName, claims }: User): Values {
  const texts = FIELDS.map((field) => [field, field === 'name' ? displayName : claims[field]] as const)
  return Object.fromEntries(texts.filter(([, value]) => typeof value === 'string'))
}

/** Fields that are empty are taken away; claims that have no field here stay as they are. */
function changeOf({ claims }: User, given: Values): UserChange {
  const { name = '', ...rest } = given
  const next: Record<string, unknown> = { ...claims }
  for (const field of FIELDS.filter((each) => each !== 'name')) {
    const value = rest[field]?.trim() ?? ''
    if (value === '') delete next[field]
    else next[field] = value
  }
  if (next['phone_number'] !== claims['phone_number']) delete next['phone_number_verified']
  return { displayName: name.trim() === '' ? null : name.trim(), claims: next }
}

function isUsable(field: ProfileField, value: string): boolean {
  return value === '' || (!/[\p{Cc}\p{Cs}]/u.test(value) && CHECKS[field](value))
}

function isWebAddress(value: string): boolean {
  return ['https:', 'http:'].includes(URL.parse(value)?.protocol ?? '')
}

function accepted(attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}
