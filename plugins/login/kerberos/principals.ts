/** From a principal to who that is here: which are let in, what they are called, what they are known by. */
import type { Verdict } from '#plugin'
import type { Proven } from './protocol.ts'

export interface PrincipalRules {
  /** Active Directory: names are those of accounts, in any case, and known by their security identifier. */
  readonly activeDirectory: boolean
  /** The first one is that of names without a realm. */
  readonly realms: readonly string[]
  readonly username: 'short' | 'principal' | 'local'
  /** Patterns over the whole principal, `*` for anything. */
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  /** Whether principals of several parts, such as `alice/admin`, and machines may log in. */
  readonly instances: boolean
  /** Names of groups by security identifier. */
  readonly groups: Readonly<Record<string, string>>
  /** Without membership in this group nobody logs in. */
  readonly requiredGroup?: string
}

export type Judge = (proven: Proven, method: 'kerberos' | 'pwd') => Verdict

const LONGEST = 190

export function createJudge(rules: PrincipalRules): Judge {
  const allowed = rules.allow.map(pattern)
  const denied = rules.deny.map(pattern)

  /** What a ticket calls an account may be any of its names; what the domain says of it is one. */
  function canonical({ principal, logon }: Proven): readonly [name: string, realm: string] {
    const end = principal.lastIndexOf('@')
    const name = rules.activeDirectory ? logon?.username.toLowerCase() : principal.slice(0, Math.max(0, end))
    return [name ?? '', principal.slice(end + 1)]
  }

  return (proven, method) => {
    const { localName, logon } = proven
    const [name, realm] = canonical(proven)
    const principal = `${name}@${realm}`
    const refused = (reason: string): Verdict => {
      return { ok: false, why: 'not-allowed', detail: `${proven.principal} ${reason}` }
    }
    if (rules.activeDirectory && !logon) return refused('comes without the authorization data of a domain')
    // A backslash is an escaped character: a name that only looks like another one.
    if (name === '' || name.includes('\\') || principal.length > LONGEST) return refused('is no usable name')
    if (!rules.realms.includes(realm)) return refused('is of a realm that is not trusted')
    if (name.includes('/') && !rules.instances) return refused('has several parts')
    if (name.endsWith('$') && !rules.instances) return refused('is the account of a machine')
    if (!allowed.some((each) => each.test(principal)) || denied.some((each) => each.test(principal)))
      return refused('is not allowed')
    const groups = [...new Set((logon?.groups ?? []).flatMap((sid) => rules.groups[sid] ?? []))]
    if (rules.requiredGroup !== undefined && !groups.includes(rules.requiredGroup))
      return refused(`is no member of ${rules.requiredGroup}`)
    const username = usernameOf({ name, realm, localName })
    if (username === undefined) return refused('has no name by auth_to_local')
    const externalId = rules.activeDirectory && logon ? logon.sid : principal
    return { ok: true, identity: { externalId, username, groups, amr: [method] } }
  }

  function usernameOf(given: {
    readonly name: string
    readonly realm: string
    readonly localName: string | undefined
  }): string | undefined {
    const { name, realm, localName } = given
    if (rules.username === 'local') return localName
    // Only one realm can have the short names: two realms may know a different alice each.
    return rules.username === 'short' && realm === rules.realms[0] ? name : `${name}@${realm}`
  }
}

/** The principal to ask for, or `undefined` for a name that cannot be one of the trusted realms. */
export function principalFor(
  { username, externalId }: { readonly username: string; readonly externalId?: string | undefined },
  { activeDirectory, realms: [home = '', ...others] }: Pick<PrincipalRules, 'activeDirectory' | 'realms'>,
): string | undefined {
  // What is known of them is what their principal is; an identifier of a domain is not.
  const name = activeDirectory || externalId === undefined ? username : externalId
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (name === '' || name.length > LONGEST || !name.isWellFormed() || /[\\\u0000-\u001f\u007f]/.test(name))
    return undefined
  const [account, typed = home, ...more] = name.split('@')
  if (account === '' || more.length > 0) return undefined
  // The name of an account may itself look like a principal; what it is asked for in comes behind.
  if (activeDirectory) return `${account}@${typed}@${home}`
  // Realms are in capitals, which nobody types.
  const realm = [home, ...others].find((each) => each.toUpperCase() === typed.toUpperCase())
  return realm === undefined ? undefined : `${account}@${realm}`
}

function pattern(glob: string): RegExp {
  const literal = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${literal.join('.*')}$`)
}
