/** What kinds of directory have in common: defaults, each of which a configuration may replace. */
import type { GroupMode } from './options.ts'

export interface Preset {
  /** Placed before `baseDn`. */
  readonly people: string
  readonly groups: string
  readonly userFilter: string
  readonly id: string
  readonly username: string
  readonly email: string
  readonly name: string
  readonly memberOf: string
  readonly groupMode: GroupMode
  readonly groupClass: string
}

const common = { people: '', groups: '', email: 'mail', name: 'displayName', memberOf: 'memberOf' }

export const PRESETS = {
  ad: {
    ...common,
    userFilter:
      '(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={username})(userPrincipalName={principal})))',
    id: 'objectGUID',
    username: 'sAMAccountName',
    groupMode: 'ad_chain',
    groupClass: '(objectClass=group)',
  },
  openldap: {
    ...common,
    userFilter: '(&(objectClass=inetOrgPerson)(|(uid={username})(mail={input})))',
    id: 'entryUUID',
    username: 'uid',
    groupMode: 'recursive',
    groupClass: '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfMembers))',
  },
  freeipa: {
    ...common,
    people: 'cn=users,cn=accounts,',
    groups: 'cn=groups,cn=accounts,',
    userFilter: '(&(objectClass=posixAccount)(|(uid={username})(mail={input})))',
    id: 'ipaUniqueID',
    username: 'uid',
    groupMode: 'memberof',
    groupClass: '(objectClass=ipaUserGroup)',
  },
  lldap: {
    ...common,
    people: 'ou=people,',
    groups: 'ou=groups,',
    userFilter: '(&(objectClass=person)(|(uid={username})(mail={input})))',
    id: 'entryUUID',
    username: 'uid',
    groupMode: 'memberof',
    groupClass: '(objectClass=groupOfUniqueNames)',
  },
} as const satisfies Record<string, Preset>

/** OpenID Connect Core section 5.1, and where directories keep it. */
export const CLAIMS = {
  given_name: 'givenName',
  family_name: 'sn',
  phone_number: 'telephoneNumber',
  locale: 'preferredLanguage',
} as const
