/** Which groups somebody is in: five ways to ask, one answer. A group that is not below the group base does not count. */
import { escapeFilter } from 'ldapts'
import type { Connection } from './connection.ts'
import { dnKey, firstValue, isWithin } from './dn.ts'
import { type Found, sidOf } from './found.ts'
import type { GroupMode, GroupOptions, Options } from './options.ts'
import { fillFilter, type Values } from './templates.ts'
import { Trouble } from './trouble.ts'

export interface Group {
  readonly dn: string
  readonly name: string
}

interface Question {
  readonly connection: Connection
  readonly person: Found
  readonly options: Options
  /** How the person was called at the login. */
  readonly spelled: Values
}
type Way = (question: Question) => Promise<readonly Group[]>

/** LDAP_MATCHING_RULE_IN_CHAIN: Active Directory walks the groups in groups itself. */
const IN_CHAIN = '1.2.840.113556.1.4.1941'
/** Alternatives of one filter; servers refuse filters that are too long. */
const AT_ONCE = 100

const WAYS: Readonly<Record<GroupMode, Way>> = {
  none: async () => [],
  memberof: memberOf,
  filter: ({ spelled, ...rest }) =>
    groupsMatching(rest, fillFilter(rest.options.groups.filter, { ...spelled, dn: rest.person.dn })),
  recursive: walk,
  ad_chain: ({ person, ...rest }) => {
    const { filter } = rest.options.groups
    return groupsMatching(rest, `(&${filter}(member:${IN_CHAIN}:=${escapeFilter`${person.dn}`}))`)
  },
  token_groups: tokenGroups,
}

/** Does asking take a search, and so somebody who may search? */
export function asksAgain({ mode, admin }: GroupOptions): boolean {
  return !['none', 'memberof'].includes(mode) || admin !== undefined
}

export async function groupsOf(question: Question): Promise<readonly Group[]> {
  const { base, mode } = question.options.groups
  const found = await WAYS[mode](question)
  return found.filter(({ dn }) => isWithin(dn, base))
}

async function memberOf({ person, options }: Question): Promise<readonly Group[]> {
  const { memberOf: attribute } = options.attributes
  if (person.cut(attribute)) throw new Trouble(`the server cut ${attribute} short; use another groups.mode`)
  return person.all(attribute).map((dn) => ({ dn, name: firstValue(dn) ?? dn }))
}

async function groupsMatching(
  { connection, options }: Pick<Question, 'connection' | 'options'>,
  filter: string,
): Promise<readonly Group[]> {
  const { base, scope, nameAttribute } = options.groups
  const found = await connection.search({ base, scope, filter, attributes: [nameAttribute] })
  return found.flatMap((group) => {
    const name = group.one(nameAttribute)
    return name === undefined ? [] : [{ dn: group.dn, name }]
  })
}

/** Level by level, a search each; a group that was seen is not asked for again, so that circles end. */
async function walk(question: Question): Promise<readonly Group[]> {
  const { options, person } = question
  const { memberAttributes, userAttribute, maxDepth, filter } = options.groups
  const seen = new Map<string, Group>()
  let front = userAttribute === 'dn' ? [person.dn] : person.all(userAttribute)
  for (let depth = 0; depth < maxDepth && front.length > 0; depth += 1) {
    const level: Group[] = []
    for (const members of chunks(front)) {
      const holds = members.flatMap((member) => memberAttributes.map((name) => `(${name}=${escapeFilter`${member}`})`))
      level.push(...(await groupsMatching(question, `(&${filter}(|${holds.join('')}))`)))
    }
    const fresh = level.filter(({ dn }) => !seen.has(keyOf(dn)))
    for (const group of fresh) seen.set(keyOf(group.dn), group)
    front = [...new Set(fresh.map(({ dn }) => dn))]
  }
  return [...seen.values()]
}

/** The security identifiers of every group, nested and primary, as the server computes them for this person alone. */
async function tokenGroups(question: Question): Promise<readonly Group[]> {
  const { connection, person } = question
  const attributes = ['tokenGroups']
  const [self] = await connection.search({ base: person.dn, scope: 'base', filter: '(objectClass=*)', attributes })
  const groups: Group[] = []
  for (const sids of chunks((self?.bytes('tokenGroups') ?? []).map(sidOf))) {
    const any = sids.map((sid) => `(objectSid=${sid})`).join('')
    groups.push(...(await groupsMatching(question, `(|${any})`)))
  }
  return groups
}

/** Is this group the one that an operator means by its name or its DN? */
export function isMeant(group: Group, meant: string): boolean {
  const key = meant.includes('=') ? dnKey(meant) : undefined
  return key === undefined ? group.name.toLowerCase() === meant.toLowerCase() : dnKey(group.dn) === key
}

/** What the groups of a directory are called here. */
export function namesHere(groups: readonly Group[], { prefix, stripPrefix, mappings }: GroupOptions): string[] {
  const names = groups.flatMap((group) => {
    const mapped = mappings.filter((mapping) => isMeant(group, mapping.group)).map(({ to }) => to)
    if (mapped.length > 0) return mapped
    if (mappings.length > 0 && prefix === '') return []
    if (!group.name.toLowerCase().startsWith(prefix.toLowerCase())) return []
    return [prefix !== '' && stripPrefix ? group.name.slice(prefix.length).replace(/^[_.:-]+/, '') : group.name]
  })
  return [...new Set(names)].filter((name) => /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,190}$/u.test(name))
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, index) =>
    all.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  )
}

function keyOf(dn: string): string {
  return dnKey(dn) ?? dn
}
