/** The questions that a directory is asked, each on a connection of its own. The order of the steps is the order of the lines. */
import { EqualityFilter, PasswordPolicyControl } from 'ldapts'
import type { Verdict } from '#plugin'
import type { Connection, Search } from './connection.ts'
import { type Found, guidBytes } from './found.ts'
import { asksAgain } from './groups.ts'
import type { Options } from './options.ts'
import { matches, verdictOn } from './person.ts'
import { policyRefusal, type Refusal, refusalOf, refused, stateRefusal } from './refusal.ts'
import { fillDn, fillFilter, type Spelled, spellings } from './templates.ts'
import { isAnswer, Trouble } from './trouble.ts'

export interface Asked {
  readonly connection: Connection
  readonly options: Options
  /** What is read of an entry. */
  readonly attributes: readonly string[]
  readonly now: number
}
export interface Credentials {
  readonly username: string
  readonly password: string
}

/** Is this password the person's, and who is that? */
export async function checkPassword(asked: Asked, { username, password }: Credentials): Promise<Verdict> {
  const { options, connection } = asked
  const spelled = spellings(username, options.binding.domain)
  const proven = await BIND_MODES[options.binding.mode](asked, { spelled, password })
  if ('ok' in proven) return proven
  if (options.binding.service && asksAgain(options.groups)) await asService(asked)
  return verdictOn(proven, { connection, options, spelled })
}

interface Claim {
  readonly spelled: Spelled
  readonly password: string
}

const BIND_MODES = { search: bySearch, template: byTemplate, upn: byPrincipalName } as const

async function bySearch(asked: Asked, { spelled, password }: Claim): Promise<Found | Refusal> {
  await asService(asked)
  const person = await findOne(asked, spelled)
  if ('dn' in person) return (await bindAs(asked, person.dn, password)) ?? person
  // As many steps as for somebody who is there, so that their time does not tell who is.
  await bindAs(asked, `cn=${crypto.randomUUID()},${asked.options.users.base}`, password)
  return person
}

async function byTemplate(asked: Asked, { spelled, password }: Claim): Promise<Found | Refusal> {
  const dn = fillDn(asked.options.binding.template, spelled)
  const refusal = await bindAs(asked, dn, password)
  if (refusal) return refusal
  if (asked.options.binding.service) await asService(asked)
  const entry = { base: dn, scope: 'base' } as const
  const [meant] = await read(asked, { ...entry, filter: fillFilter(asked.options.users.filter, spelled) })
  if (meant) return meant
  const [person] = await read(asked, { ...entry, filter: '(objectClass=*)' })
  if (!person) throw new Trouble(`${dn} cannot be read by ${asked.options.binding.service?.name ?? 'its owner'}`)
  // The name in the DN need not be the one that the filter looks at.
  return (await stillMeant(asked, person, spelled))
    ? person
    : refused('not-allowed', 'the user filter leaves this entry out')
}

/**
 * The principal name may be that of one entry and the account name in it that of another: so the entry that was found
 * proves itself with the same password.
 */
async function byPrincipalName(asked: Asked, { spelled, password }: Claim): Promise<Found | Refusal> {
  const { domain = '', service } = asked.options.binding
  const { username, principal } = spelled
  const refusal = await bindAs(asked, principal.includes('@') ? principal : `${domain}\\${username}`, password)
  if (refusal) return refusal
  if (service) await asService(asked)
  const person = await findOne(asked, spelled)
  return 'dn' in person ? ((await bindAs(asked, person.dn, password)) ?? person) : person
}

/** Who was known by this id: still there, still allowed, and with which groups? */
export async function checkAgain(asked: Asked, externalId: string): Promise<Verdict> {
  const { options, connection, now } = asked
  const { id, username } = options.attributes
  await asService(asked)
  const binary = id.toLowerCase() === 'objectguid' && /^[0-9a-f-]{36}$/.test(externalId)
  const filter = new EqualityFilter({ attribute: id, value: binary ? guidBytes(externalId) : externalId })
  const [person, another] = await read(asked, { base: options.users.base, scope: options.users.scope, filter })
  if (!person || another)
    return refused('credentials', `${person ? 'several entries have' : 'no entry has'} this ${id}`)
  const name = person.one(username) ?? ''
  const spelled = spellings(name, options.binding.domain)
  if (!(await stillMeant(asked, person, spelled)))
    return refused('not-allowed', 'the user filter leaves this entry out')
  return stateOf(asked, person, now) ?? verdictOn(person, { connection, options, spelled })
}

/** What would be answered to the right password, as far as it can be told without one. */
export async function look(asked: Asked, name: string): Promise<Verdict> {
  const { options, connection, now } = asked
  await asService(asked)
  const spelled = spellings(name, options.binding.domain)
  const person = await findOne(asked, spelled)
  if (!('dn' in person)) return person
  return stateOf(asked, person, now) ?? verdictOn(person, { connection, options, spelled })
}

/** Without a service account whoever searches is nobody in particular. */
export async function asService({ connection, options }: Asked): Promise<void> {
  const { service } = options.binding
  if (!service) return
  try {
    await connection.bind(service.name, service.password)
  } catch (error) {
    throw isAnswer(error) ? new Trouble(`the service account cannot bind: result code ${error.code}`) : error
  }
}

function stateOf({ options }: Asked, person: Found, now: number): Refusal | undefined {
  return options.checkAccountState ? stateRefusal(person, now) : undefined
}

/** Nothing when the password is right and the account in order. */
async function bindAs({ connection }: Asked, name: string, password: string): Promise<Refusal | undefined> {
  const policy = new PasswordPolicyControl()
  try {
    await connection.bind(name, password, policy)
  } catch (error) {
    const refusal = isAnswer(error) ? refusalOf(error, policy) : undefined
    if (refusal) return refusal
    throw error
  }
  const held = policyRefusal(policy)
  return held && refused(...held)
}

async function findOne(asked: Asked, spelled: Spelled): Promise<Found | Refusal> {
  const { base, scope, filter } = asked.options.users
  const [person, another] = await read(asked, { base, scope, filter: fillFilter(filter, spelled) })
  if (!person) return refused('credentials', 'no such entry')
  return another ? refused('credentials', 'several entries match') : person
}

async function read(
  { connection, attributes }: Asked,
  where: Pick<Search, 'base' | 'scope' | 'filter'>,
): Promise<readonly Found[]> {
  return connection.search({ ...where, attributes, limit: 2 })
}

/** The filter for people holds on every way to an entry, not only where it is what finds it. */
async function stillMeant({ connection, options }: Asked, person: Found, spelled: Spelled): Promise<boolean> {
  const name = person.one(options.attributes.username) ?? spelled.username
  return matches(person, fillFilter(options.users.filter, { ...spelled, username: name }), connection)
}
