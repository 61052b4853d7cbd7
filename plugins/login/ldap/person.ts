/** From an entry to what we say of somebody: identity, mail, claims, groups, and whether this is somebody who may log in. */
import type { Identity, Verdict } from '#plugin'
import type { Connection } from './connection.ts'
import type { Found } from './found.ts'
import { groupsOf, isMeant, namesHere } from './groups.ts'
import type { Options } from './options.ts'
import { refused, STATE_ATTRIBUTES } from './refusal.ts'
import type { Values } from './templates.ts'

/** Everything of an entry that is looked at after a bind, which tells the state of the account by itself. */
export function attributesOf({ attributes, groups }: Options): string[] {
  const { claims, memberOf, ...names } = attributes
  const wanted = [
    ...Object.values(names),
    ...Object.values(claims),
    ...(groups.mode === 'memberof' ? [memberOf] : []),
    ...(groups.userAttribute === 'dn' ? [] : [groups.userAttribute]),
  ]
  return [...new Set(wanted)]
}

/** The same where nobody binds. */
export function attributesWithStateOf(options: Options): string[] {
  return [...new Set([...attributesOf(options), ...(options.checkAccountState ? STATE_ATTRIBUTES : [])])]
}

export async function verdictOn(
  person: Found,
  {
    connection,
    options,
    spelled,
  }: { readonly connection: Connection; readonly options: Options; readonly spelled: Values },
): Promise<Verdict> {
  const { id, username } = options.attributes
  const [externalId, name] = [person.one(id), person.one(username)]
  if (externalId === undefined) return refused('unavailable', `${person.dn} has no ${id}, or it may not be read`)
  if (name === undefined) return refused('unavailable', `${person.dn} has no ${username}, or it may not be read`)
  const { required, admin } = options.groups
  const groups = await groupsOf({ connection, person, options, spelled })
  if (required !== undefined && !groups.some((group) => isMeant(group, required))) {
    return refused('not-allowed', `not a member of ${required} below ${options.groups.base}`)
  }
  const names = namesHere(groups, options.groups)
  if (admin && (await matches(person, admin.filter, connection))) names.push(admin.group)
  return { ok: true, identity: { ...profileOf(person, name, options), externalId, username: name, groups: names } }
}

/** Does the entry match this filter as well? */
export async function matches(person: Found, filter: string, connection: Connection): Promise<boolean> {
  const found = await connection.search({ base: person.dn, scope: 'base', filter, attributes: ['1.1'], limit: 1 })
  return found.length > 0
}

function profileOf(
  person: Found,
  name: string,
  options: Options,
): Omit<Identity, 'externalId' | 'username' | 'groups'> {
  const { attributes, emailDomain, trustEmail } = options
  const mail = person.one(attributes.email)
  const generated = emailDomain === undefined ? undefined : `generated_${name}@${emailDomain}`
  const email = mail ?? generated
  const displayName = person.one(attributes.name)
  const claims = Object.entries(attributes.claims).flatMap(([claim, attribute]) => {
    const value = person.one(attribute)
    return value === undefined ? [] : [[claim, value]]
  })
  return {
    ...(email !== undefined && { email, emailVerified: mail !== undefined && trustEmail }),
    ...(displayName !== undefined && { displayName }),
    claims: Object.fromEntries(claims),
    amr: ['pwd'],
  }
}
