/** Input about users as it may be stored: normalised, checked, every fault named. */
import type { Settings } from '../settings.ts'
import { acceptEmail, acceptName, comparisonKey, type Fault, isStorableName } from './names.ts'
import type { User } from './records.ts'
import type { UserChange } from './users.ts'

const MOST_ROLES = 1_000
const MOST_CLAIMS = 16_384
const LONGEST_TEXT = 1_000

type Names = Pick<User, 'username' | 'usernameKey' | 'email' | 'emailKey'>

/** What of `change` goes into the record; adds to `faults` what cannot. */
export function acceptUserFields(change: UserChange, settings: Settings, faults: Fault[]): Partial<User> {
  const { displayName, disabled, activated, technicalUser, roles, claims } = change
  if (displayName) acceptText('/displayName', displayName, faults)
  if (roles) acceptRoles(roles, faults)
  if (claims && JSON.stringify(claims).length > MOST_CLAIMS) {
    faults.push({ path: '/claims', message: `Must be at most ${MOST_CLAIMS} characters of JSON` })
  }
  return {
    ...acceptNames(change, settings, faults),
    ...(displayName !== undefined && { displayName }),
    ...(disabled !== undefined && { disabled }),
    ...(activated !== undefined && { activated }),
    ...(technicalUser !== undefined && { technicalUser }),
    ...(roles && { roles: [...new Set(roles)] }),
    ...(claims && { claims: { ...claims } }),
  }
}

function acceptNames({ username, email }: UserChange, { patterns }: Settings, faults: Fault[]): Partial<Names> {
  const names: { -readonly [F in keyof Names]?: Names[F] } = {}
  if (username !== undefined) {
    names.username = acceptName({ path: '/username', value: username, pattern: patterns.username }, faults)
    names.usernameKey = comparisonKey(names.username)
  }
  if (email !== undefined) {
    names.email = email === null ? null : acceptEmail({ path: '/email', value: email, pattern: patterns.email }, faults)
    names.emailKey = names.email === null ? null : comparisonKey(names.email)
  }
  return names
}

/** Free text on one line. */
export function acceptText(path: string, text: string, faults: Fault[]): void {
  if (text.length > LONGEST_TEXT || /[\p{Cc}\p{Cs}]/u.test(text)) {
    faults.push({ path, message: `Must be at most ${LONGEST_TEXT} characters on one line` })
  }
}

export function acceptRoles(roles: readonly string[], faults: Fault[]): void {
  if (roles.length > MOST_ROLES) faults.push({ path: '/roles', message: `Must be at most ${MOST_ROLES} names` })
  const bad = roles.findIndex((role) => !isStorableName(role))
  if (bad >= 0) faults.push({ path: `/roles/${bad}`, message: 'Must be a name of 1 to 190 characters on one line' })
}
